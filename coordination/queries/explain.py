"""Why a task does not run: in words for people, in data for programs."""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Subquery, Value

from coordination.lifecycle import FINISHED, LEASED, RELEASE_REST, Outcome, PhaseState, State
from coordination.models import Agent, Attempt, Dependency, Lane, LaneAgent, Lease, PhaseLink, Question, Task
from coordination.models.clock import now


@dataclass(frozen=True)
class Reason:
    """One thing that keeps a task from running. `code` is stable; `data` holds the facts of the sentence."""

    code: str
    sentence: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Explanation:
    """`runs` is true while an agent works on it, `claimable` if it could be claimed now; `summary` says all in one sentence."""

    task: int
    state: str
    summary: str
    runs: bool
    claimable: bool
    reasons: list[Reason]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def explain(task: Task) -> Explanation:
    """Say everything that keeps the task from running."""
    return _explanation(task, [*_of_state(task), *_of_routing(task)])


def explain_for(task: Task, agent: Agent) -> Explanation:
    """Say everything that keeps this agent from running the task."""
    return _explanation(task, [*_of_state(task), *_of_agent(task, agent)], agent)


def _explanation(task: Task, reasons: list[Reason], agent: Agent | None = None) -> Explanation:
    state = State(task.state)
    holding = [reason for reason in reasons if reason.code not in ("in_queue", "held", "for_one")]
    claimable = state is State.QUEUED and not holding
    if reasons:
        summary = " ".join(reason.sentence for reason in reasons)
    else:
        summary = f"{agent.title} can claim it now." if agent and claimable else f"It is {state}: {state.meaning}."
    return Explanation(task.pk, state, summary, state in LEASED, claimable, reasons)


def _of_state(task: Task) -> list[Reason]:
    state = State(task.state)
    if state in FINISHED:
        return [
            Reason(
                "finished", (task.reason if state is State.FAILED else "") or f"It is {state}. {task.reason}".strip(), {"state": str(state)}
            )
        ]
    if state in LEASED:
        return _of_lease(task)
    if state is State.BLOCKED:
        question = Question.objects.filter(task=task, answered_at=None).order_by("-pk").first()
        text = question.text if question else ""
        return [Reason("asks", f"Its agent asks: {text}", {"question": question.pk if question else None, "text": text})]
    if state is State.REVIEW:
        return [Reason("in_review", "It waits for a review by somebody other than the author of its result.")]
    return [*_of_person(task), *_of_dependencies(task), *_of_phase(task), *_of_project(task), *_of_time(task)]


def _of_lease(task: Task) -> list[Reason]:
    lease = Lease.objects.select_related("agent").filter(task=task).first()
    if lease is None:
        return []
    cancelled = " It was asked to stop." if lease.cancel_requested_at else ""
    return [
        Reason(
            "held",
            f"{lease.agent.title} holds it until {_clock(lease.expires_at)} unless it sends heartbeats.{cancelled}",
            {"agent": lease.agent.name, "expires_at": lease.expires_at.isoformat(), "cancel_requested": bool(lease.cancel_requested_at)},
        )
    ]


# Of a task that another waits for: all but these are "which is <state>".
WHICH = {State.BLOCKED: "waits for an answer", State.REVIEW: "is in review", State.FAILED: "has failed"}
WANTED = {"success": "be done", "finished": "end either way", "failure": "fail"}


def _of_dependencies(task: Task) -> list[Reason]:
    if not task.blockers:
        return []
    edges = Dependency.objects.filter(task=task).select_related("on").order_by("on_id")
    return [
        Reason(
            "dependency",
            f"It waits for #{edge.on_id} {edge.on.title}, which {_is(edge.on)}, to {WANTED[edge.kind]}{_dead_end(edge)}.",
            {"task": edge.on_id, "state": edge.on.state, "kind": edge.kind, "can_still_happen": not _dead_end(edge)},
        )
        for edge in edges
        if not edge.is_satisfied_by(edge.on.state)
    ]


def _is(task: Task) -> str:
    return WHICH.get(State(task.state), f"is {task.state}")


def _dead_end(edge: Dependency) -> str:
    return "; this cannot happen unless it runs again or the dependency is removed" if State(edge.on.state) in FINISHED else ""


def _of_phase(task: Task) -> list[Reason]:
    phase = task.phase
    if phase.state == PhaseState.ACTIVE:
        return []
    if phase.state == PhaseState.PAUSED:
        return [Reason("phase_paused", f"Its phase {phase.name} is paused.", {"phase": phase.pk})]
    if phase.state == PhaseState.COMPLETED:
        return [Reason("phase_completed", f"Its phase {phase.name} is completed.", {"phase": phase.pk})]
    open_links = PhaseLink.objects.filter(phase=phase).exclude(after__state=PhaseState.COMPLETED).select_related("after")
    before = [link.after for link in open_links.order_by("after__position")]
    reasons = []
    if before:
        names = ", ".join(each.name for each in before)
        reasons.append(
            Reason("phase", f"Its phase {phase.name} starts after {names}.", {"phase": phase.pk, "after": [each.pk for each in before]})
        )
    if not phase.is_gate_open:
        closed = f"The gate of its phase {phase.name} is closed: it waits for a person to open it."
        reasons.append(Reason("gate", closed, {"phase": phase.pk}))
    return reasons


def _of_project(task: Task) -> list[Reason]:
    project = task.project
    reasons = []
    if project.is_paused:
        why = f": {project.pause_reason}" if project.pause_reason else ""
        reasons.append(Reason("project_paused", f"The project is paused{why}.", {"project": project.slug}))
    if project.max_running is not None and task.state == State.QUEUED:
        running = Lease.objects.filter(task__project=project).count()
        if running >= project.max_running:
            reasons.append(
                Reason(
                    "project_full",
                    f"The project runs its limit of {project.max_running} tasks.",
                    {"running": running, "limit": project.max_running},
                )
            )
    return reasons


def _of_person(task: Task) -> list[Reason]:
    if not task.awaits_person:
        return []
    return [Reason("awaits_person", "An agent added it, and a person has not let it run yet.", {"created_by": task.created_by})]


def _of_time(task: Task) -> list[Reason]:
    if not task.not_before and not task.retry_at:
        return []
    moment = now()
    reasons = []
    if task.not_before and task.not_before > moment:
        reasons.append(Reason("not_before", f"It may start at {_clock(task.not_before)}.", {"not_before": task.not_before.isoformat()}))
    if task.retry_at and task.retry_at > moment:
        reasons.append(
            Reason(
                "retry_delay",
                f"It failed {task.failures} times and is tried again at {_clock(task.retry_at)}.",
                {"retry_at": task.retry_at.isoformat(), "failures": task.failures, "max_attempts": task.max_attempts},
            )
        )
    return reasons


def _of_routing(task: Task) -> list[Reason]:
    """Say whether any agent could run it, and where it stands in the queue."""
    if State(task.state) not in (State.WAITING, State.QUEUED):
        return []
    lane = _lane(task)
    if not lane.serving:
        return [Reason("no_agent", f"No registered agent could ever run it: it needs {needs_in_words(task)}.", needs_as_data(task))]
    if task.state != State.QUEUED:
        return []
    reasons = []
    if not lane.living:
        reasons.append(
            Reason("no_living_agent", f"Every agent that could run it is silent: it needs {needs_in_words(task)}.", needs_as_data(task))
        )
    if lane.assigned_to:
        until = f" alone until {_clock(task.fallback_at)}" if task.fallback_at else ""
        data = {"agent": lane.assigned_to.name, "fallback_at": _iso(task.fallback_at)}
        reasons.append(Reason("for_one", f"It is for {lane.assigned_to.title}{until}.", data))
    reasons.append(Reason("in_queue", f"It is number {lane.ahead + 1} in the queue.", {"ahead": lane.ahead, "agents": lane.living}))
    return reasons


@dataclass(frozen=True)
class _Serving:
    serving: int
    living: int
    assigned_to: Agent | None
    ahead: int  # queued tasks that are claimed before it, if it is queued


def _lane(task: Task) -> _Serving:
    """Count who serves the task's lane, all of them and those that are heard of, and what is queued there before it."""
    ahead = _ahead_of(task).filter(lane=task.lane_id).order_by().values("lane").annotate(count=Count("pk")).values("count")
    counted = Lane.objects.select_related("assigned_to").annotate(
        serving=Count("laneagent"),
        living=Count("laneagent", filter=Q(laneagent__agent__silent_since=None)),
        ahead=Subquery(ahead) if task.state == State.QUEUED else Value(0),
    )
    lane = counted.get(pk=task.lane_id)
    return _Serving(lane.serving, lane.living, lane.assigned_to, lane.ahead or 0)


def _of_agent(task: Task, agent: Agent) -> list[Reason]:
    reasons = []
    if agent.retired_at:
        reasons.append(Reason("agent_retired", f"{agent.title} is retired.", {"agent": agent.name}))
    if task.tier not in agent.tiers:
        reasons.append(
            Reason("tier", f"It needs tier {task.tier}; {agent.title} registered {', '.join(agent.tiers)}.", {"tier": task.tier})
        )
    if missing := sorted(set(task.capabilities) - set(agent.capabilities)):
        reasons.append(Reason("capability", f"It needs {', '.join(missing)}, which {agent.title} did not register.", {"missing": missing}))
    if task.assigned_to and task.assigned_to_id != agent.pk and not LaneAgent.objects.filter(lane=task.lane_id, agent=agent).exists():
        reasons.append(
            Reason(
                "assigned",
                f"It is assigned to {task.assigned_to.title}.",
                {"agent": task.assigned_to.name, "fallback_at": _iso(task.fallback_at)},
            )
        )
    if again_at := _rests_until(task, agent):
        sentence = f"{agent.title} handed it back; until {_clock(again_at)} it is offered to others first."
        reasons.append(Reason("handed_back", sentence, {"agent": agent.name, "until": again_at.isoformat()}))
    if not reasons and task.state == State.QUEUED:
        mine = LaneAgent.objects.filter(agent=agent).values("lane")
        ahead = _ahead_of(task).filter(lane__in=mine).count()
        if ahead:
            reasons.append(Reason("in_queue", f"{ahead} more urgent tasks are ahead of it for {agent.title}.", {"ahead": ahead}))
    return reasons


def _ahead_of(task: Task) -> QuerySet[Task]:
    before = Q(sort_key__lt=task.sort_key) | Q(sort_key=task.sort_key, pk__lt=task.pk)
    return Task.objects.filter(before, state=State.QUEUED)


def _rests_until(task: Task, agent: Agent) -> datetime | None:
    """Return when an agent that handed the task back is offered it again, None if it did not or if that is past."""
    if task.state != State.QUEUED:
        return None
    moment = now()
    returned = Attempt.objects.filter(
        task=task, agent=agent, outcome=Outcome.RELEASED, finished_at__gt=moment - timedelta(seconds=RELEASE_REST)
    )
    last = returned.order_by("-finished_at").values_list("finished_at", flat=True).first()
    return last + timedelta(seconds=RELEASE_REST) if last else None


def needs_in_words(task: Task) -> str:
    words = [f"tier {task.tier}", *task.capabilities]
    if task.assigned_to:
        words.append(f"agent {task.assigned_to.name}")
    return ", ".join(words)


def needs_as_data(task: Task) -> dict[str, Any]:
    return {"tier": task.tier, "capabilities": task.capabilities, "assigned_to": task.assigned_to.name if task.assigned_to else None}


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
