"""Queued work that no living agent could take: what it needs, who could take it if it were there, and how to start one."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, Min, OuterRef, Q

from coordination.lifecycle import State
from coordination.models import Agent, Lane, LaneAgent, Project

MOST = 5
EXAMPLE = "./run-task"  # what the command line runs for each task, until the reader writes an own


@dataclass(frozen=True)
class Lack:
    """What work needs and does not get. `missing` are the needs that no living agent meets, alone."""

    tier: str
    capabilities: list[str]
    assigned_to: Agent | None
    missing: list[str]

    @classmethod
    def of(cls, lane: Lane, living: Sequence[Agent]) -> "Lack":
        missing = [] if any(lane.tier in agent.tiers for agent in living) else [f"tier {lane.tier}"]
        missing += [f"capability {word}" for word in lane.capabilities if not any(word in agent.capabilities for agent in living)]
        return cls(lane.tier, lane.capabilities, lane.assigned_to, missing)

    @property
    def needs(self) -> str:
        words = [f"tier {self.tier}", *self.capabilities]
        return ", ".join(words) + (f", agent {self.assigned_to.title}" if self.assigned_to else "")

    @property
    def sentence(self) -> str:
        """Say what is missing. Every need may be met by some agent, and all of them by none."""
        if self.assigned_to:
            return (
                f"It is for {self.assigned_to.title} alone, who {'is retired' if self.assigned_to.retired_at else 'gives no sign of life'}."
            )
        if self.missing:
            return f"No living agent has {_neither(self.missing)}."
        return f"No one living agent has all of it: {self.needs}."


@dataclass(frozen=True)
class Starved(Lack):
    """One kind of queued work that waits for an agent."""

    project: Project
    count: int
    first_task: int
    silent: list[Agent]

    def command(self, server: str) -> str:
        """Return the command line that starts an agent for this work."""
        words = ["tqc", "work", "--project", self.project.slug, "--tiers", self.tier]
        if self.capabilities:
            words += ["--capabilities", ",".join(self.capabilities)]
        name = f"MUSTER_AGENT={shlex.quote(self.assigned_to.name)} " if self.assigned_to else ""
        return f"MUSTER_URL={shlex.quote(server)} {name}{shlex.join(words)} --exec {shlex.quote(EXAMPLE)}"


def _neither(missing: Sequence[str]) -> str:
    """Join what nobody has: `the capability browser or design`, `tier heavy`."""
    tiers = [need for need in missing if need.startswith("tier ")]
    skills = [need.removeprefix("capability ") for need in missing if need not in tiers]
    return " or ".join([*tiers, *([f"the capability {' or '.join(skills)}"] if skills else [])])


@dataclass(frozen=True)
class Starvation:
    """What the banner says; nothing when every queued task has an agent that could take it."""

    kinds: list[Starved]
    total: int
    server: str = ""

    def __bool__(self) -> bool:
        return bool(self.kinds)

    @property
    def commands(self) -> list[tuple[Starved, str]]:
        return [(kind, kind.command(self.server)) for kind in self.kinds]


def starved(projects: Sequence[Project], *, server: str) -> Starvation:
    """Return the queued work of these projects that no living agent could take, the largest kinds first; three queries."""
    living = LaneAgent.objects.filter(lane=OuterRef("pk"), agent__retired_at=None, agent__silent_since=None)
    queued = Q(tasks__state=State.QUEUED)
    lanes = (
        Lane.objects.filter(~Exists(living), queued, project__in=projects, project__paused_at=None)
        .select_related("assigned_to", "project")
        .annotate(count=Count("tasks"), first_task=Min("tasks"))
        .order_by("-count", "pk")
    )
    found = list(lanes)
    if not found:
        return Starvation([], 0, server)
    agents = list(Agent.objects.filter(retired_at=None))
    kinds = [_starved(lane, agents) for lane in found[:MOST]]
    return Starvation(kinds, sum(lane.count for lane in found), server)


def _starved(lane: Lane, agents: Sequence[Agent]) -> Starved:
    living = [agent for agent in agents if agent.silent_since is None]
    able = [agent for agent in agents if agent.silent_since and agent.can_run(lane.tier, lane.capabilities)]
    silent = [agent for agent in able if lane.assigned_to_id in (None, agent.pk)]
    return Starved(
        lane.tier,
        lane.capabilities,
        lane.assigned_to,
        Lack.of(lane, living).missing,
        lane.project,
        lane.count,  # type: ignore[attr-defined]  # annotated
        lane.first_task,  # type: ignore[attr-defined]  # annotated
        silent,
    )
