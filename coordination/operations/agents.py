"""Agents: register, show signs of life, retire."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from coordination.actor import SYSTEM, Actor
from coordination.errors import Conflict, Invalid, Refused
from coordination.lifecycle import AGENT_SILENT_AFTER, Tier
from coordination.models import Agent, ApiKey, Lease
from coordination.models.clock import now
from coordination.models.sql import run
from coordination.operations.atomic import atomically
from coordination.operations.creation import clean_words
from coordination.operations.editing import check
from coordination.operations.events import record
from coordination.operations.lanes import route_agent

SEEN_EVERY = timedelta(seconds=10)
SILENT_AFTER = timedelta(seconds=AGENT_SILENT_AFTER)

# Whether the minute is noted already is for the database to say: of many requests at once, one writes.
NOTE_MINUTE = """
    INSERT INTO coordination_agenthour (agent_id, hour, minutes) VALUES (%s, %s, %s)
    ON CONFLICT (agent_id, hour) DO UPDATE SET minutes = coordination_agenthour.minutes | excluded.minutes
    WHERE (coordination_agenthour.minutes & excluded.minutes) < excluded.minutes"""


@atomically
def register(
    *,
    name: str,
    actor: Actor,
    key: ApiKey | None = None,
    capabilities: Sequence[str] = (),
    tiers: Sequence[str] = tuple(Tier),
    display_name: str = "",
    host: str = "",
    software: str = "",
) -> Agent:
    """Add an agent, or bring a known one up to date. A name belongs to the key that registered it first (H5)."""
    if unknown := sorted(set(tiers) - set(Tier)):
        raise Invalid(f"{unknown[0]!r} is no tier; choose {', '.join(Tier)}.", field="tiers")
    if not name.strip() or name != name.strip():
        raise Invalid("An agent needs a name without spaces around it.", field="name")
    moment = now()
    agent = Agent.objects.select_for_update(no_key=True).filter(name=name).first()
    if key and key.agent_id and (agent is None or key.agent_id != agent.pk):
        raise Refused(f"This key belongs to one agent; it cannot register {name}.")
    if agent and key and not _is_its(agent, key):
        raise Refused(f"Agent {name} was registered with another key; choose another name, or ask an admin to free it.")
    is_new = agent is None
    agent = agent or Agent(name=name, registered_at=moment, registered_by=key)
    before = (agent.capabilities, agent.tiers, agent.retired_at)
    if _is_elsewhere(agent, host, moment):
        agent.other_host, agent.other_host_at = agent.host, moment
    agent.capabilities = clean_words(capabilities, "capabilities")
    agent.tiers = [tier.value for tier in Tier if tier in tiers]
    agent.display_name, agent.host, agent.software = display_name or agent.display_name, host, software
    agent.last_seen_at, agent.silent_since, agent.retired_at = moment, None, None
    agent.registered_by_id = agent.registered_by_id or (key.pk if key else None)
    agent.version = 1 if is_new else agent.version + 1
    check(agent)
    _save(agent)
    _note_minute(agent, moment)
    if is_new or before != (agent.capabilities, agent.tiers, agent.retired_at):
        route_agent(agent)
        record("agent.registered", actor=actor, agent_id=agent.pk, at=moment, name=name, capabilities=agent.capabilities, tiers=agent.tiers)
    return agent


def _is_its(agent: Agent, key: ApiKey) -> bool:
    if key.agent_id == agent.pk or agent.registered_by_id == key.pk:
        return True
    return agent.registered_by_id is None and not agent.keys.exists()


def _is_elsewhere(agent: Agent, host: str, moment: datetime) -> bool:
    """Return whether the agent registers from one machine while it was heard of from another: two of them may use its name."""
    return bool(agent.pk and host and agent.host and host != agent.host and moment - agent.last_seen_at < SILENT_AFTER)


def _save(agent: Agent) -> None:
    try:
        with transaction.atomic():
            agent.save()
    except IntegrityError:
        raise Conflict(f"Agent {agent.name} is being registered at this moment; register again.", field="name") from None


@atomically
def seen(agent: Agent, *, display_name: str = "") -> datetime:
    """Note a sign of life, at most every ten seconds, and return the database's time."""
    moment = now()
    if agent.silent_since or moment - agent.last_seen_at > SEEN_EVERY or (display_name and display_name != agent.display_name):
        was_silent = Agent.objects.filter(pk=agent.pk, silent_since__isnull=False).update(silent_since=None)
        Agent.objects.filter(pk=agent.pk).update(last_seen_at=moment, display_name=display_name or agent.display_name)
        if was_silent:
            record("agent.back", actor=agent.actor, agent_id=agent.pk, at=moment)
        if was_silent or _minute(moment) != _minute(agent.last_seen_at):
            _note_minute(agent, moment)
    return moment


def _note_minute(agent: Agent, moment: datetime) -> None:
    """Keep that the agent lived in this minute: the history of its heartbeats, one write a minute and one row an hour."""
    note_minutes(agent, moment.replace(minute=0, second=0, microsecond=0), [moment.minute])


def note_minutes(agent: Agent, hour: datetime, minutes: Iterable[int]) -> None:
    """Keep that the agent gave signs of life in these minutes of the hour."""
    run(NOTE_MINUTE, [agent.pk, hour, sum(1 << minute for minute in set(minutes))])


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


@atomically
def retire(agent: Agent, *, actor: Actor) -> Agent:
    """Let the agent finish what it holds and claim nothing more."""
    if Agent.objects.filter(pk=agent.pk, retired_at=None).update(retired_at=now(), version=F("version") + 1):
        agent.refresh_from_db()
        route_agent(agent)
        record("agent.retired", actor=actor, agent_id=agent.pk, name=agent.name)
    return agent


@atomically
def unretire(agent: Agent, *, actor: Actor) -> Agent:
    if Agent.objects.filter(pk=agent.pk, retired_at__isnull=False).update(retired_at=None, last_seen_at=now(), version=F("version") + 1):
        agent.refresh_from_db()
        route_agent(agent)
        record("agent.registered", actor=actor, agent_id=agent.pk, name=agent.name, capabilities=agent.capabilities, tiers=agent.tiers)
    return agent


@atomically
def mark_silent() -> int:
    """Mark the agents that gave no sign of life for 150 s, once each, and return how many."""
    moment = now()
    quiet = Agent.objects.filter(retired_at=None, silent_since=None, last_seen_at__lt=moment - SILENT_AFTER)
    marked = 0
    for agent in quiet.exclude(leases__in=Lease.objects.filter(renewed_at__gt=moment - SILENT_AFTER)):
        if Agent.objects.filter(pk=agent.pk, silent_since=None, last_seen_at=agent.last_seen_at).update(silent_since=moment):
            record("agent.silent", actor=SYSTEM, agent_id=agent.pk, at=moment, name=agent.name)
            marked += 1
    return marked
