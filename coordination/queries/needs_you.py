"""What waits for a person: questions, reviews, gates, failures, tasks of agents, silent agents, and work that nobody can run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.db.models import BigIntegerField, Case, Count, Exists, OuterRef, QuerySet, Subquery, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Agent, Lane, LaneAgent, Phase, PhaseLink, Project, Question, Task
from coordination.models.sql import any_of, rows
from coordination.queries.access import Caller, Permission, visible_agents
from coordination.queries.starved import Lack

STILL_NEWS = timedelta(days=7)  # an agent that has been silent for longer is no news; the list of agents has it
ORDER = (State.BLOCKED, State.REVIEW, State.WAITING, State.FAILED)
MOST_TASKS = 60
STRANDED_BY = (
    *("phase_id", "phase__name", "project__slug", "project__name", "lane__tier", "lane__capabilities"),
    *(f"lane__assigned_to__{name}" for name in ("name", "display_name", "retired_at")),
)
MOST_SHOWN = 20  # of each other kind
MOST_COUNTED = 99  # whoever has more to do than this is told so, and it costs no more to know
# Word for word the condition of the index task_needs_person: SQLite uses it for no other, and none with parameters in it.
WAITS = "(state IN ('blocked', 'review', 'failed') OR (awaits_person AND state = 'waiting'))"
IN_ORDER = f"state IN ({', '.join(repr(str(state)) for state in ORDER)})"  # the column that the index begins with


@dataclass(frozen=True)
class Stranded:
    """Queued tasks of one phase that no registered agent could ever run, and what is missing for most of them."""

    phase_id: int
    phase: str
    slug: str
    project: str
    tasks: int
    sentence: str


@dataclass(frozen=True)
class Inbox:
    """Everything that waits for this person. `total` counts it, up to one more than MOST_COUNTED; the lists hold the first of each
    kind, longest first.

    A task of `questions` carries what its agent asks as `open_question`.
    """

    total: int
    questions: list[Task] = field(default_factory=list)
    reviews: list[Task] = field(default_factory=list)
    gates: list[Phase] = field(default_factory=list)
    failed: list[Task] = field(default_factory=list)
    proposed: list[Task] = field(default_factory=list)
    silent: list[Agent] = field(default_factory=list)
    stranded: list[Stranded] = field(default_factory=list)

    @property
    def entries(self) -> list[tuple[str, object]]:
        """Everything that is listed, each with the name of its kind, in the order in which it should be looked at."""
        kinds: dict[str, Sequence[object]] = {
            "question": self.questions,
            "review": self.reviews,
            "gate": self.gates,
            "proposed": self.proposed,
            "failed": self.failed,
            "stranded": self.stranded,
            "silent": self.silent,
        }
        return [(kind, each) for kind, listed in kinds.items() for each in listed]

    @property
    def shown(self) -> int:
        return len(self.entries)

    @property
    def more(self) -> int:
        return max(0, self.total - self.shown)

    @property
    def is_counted(self) -> bool:
        """Whether `total` is all of it."""
        return self.total <= MOST_COUNTED


def needs_you_count(caller: Caller) -> int:
    """Return how much waits for this person, in one statement; 0 for whoever plans nothing."""
    if (found := count_of_needs(caller)) is None:
        return 0
    statement, params = found
    ((count,),) = rows(f"SELECT {statement}", params)
    return capped(count)


def capped(count: int) -> int:
    return min(int(count), MOST_COUNTED + 1)


def count_of_needs(caller: Caller) -> tuple[str, list[Any]] | None:
    """Return SQL for how much waits for this person, with its parameters; None for whoever plans nothing.

    It stops one after MOST_COUNTED, so that a project where everything waits costs every page no more than one where little does.
    """
    if (wanted := _planned_by(caller)) is None:
        return None
    condition, params = _within(caller)
    parts: list[tuple[str, Sequence[Any]]] = [
        (f"SELECT id FROM coordination_task WHERE {IN_ORDER} AND {WAITS} {condition} LIMIT {MOST_COUNTED + 1}", params)
    ]
    for found in (_gates(wanted), _silent(caller, wanted), _stranded_phases(wanted)):
        parts.append(found.order_by().values("pk")[: MOST_COUNTED + 1].query.sql_with_params())
    counts = " + ".join(f"(SELECT COUNT(*) FROM ({sql}) AS part)" for sql, _ in parts)
    return counts, [param for _, params in parts for param in params]


def needs_you(caller: Caller, *, gates: Iterable[Phase] | None = None) -> Inbox:
    """Return what waits for this person, with what is needed to answer it in place.

    A page that has the gates whose turn it is in hand, with their projects, passes them on.
    """
    if (wanted := _planned_by(caller)) is None:
        return Inbox(0)
    tasks = _waiting(caller)
    found = Inbox(
        0,
        questions=[task for task in tasks if task.state == State.BLOCKED],
        reviews=[task for task in tasks if task.state == State.REVIEW],
        gates=_closed(caller, wanted, gates)[:MOST_SHOWN],
        failed=[task for task in tasks if task.state == State.FAILED],
        proposed=[task for task in tasks if task.state == State.WAITING],
        silent=list(_silent(caller, wanted).order_by("silent_since", "name")[:MOST_SHOWN]),
        stranded=_stranded(wanted),
    )
    shown: Sequence[Sequence[object]] = (found.gates, found.silent, found.stranded)
    is_all = len(tasks) < MOST_TASKS and all(len(each) < MOST_SHOWN for each in shown)
    return replace(found, total=found.shown if is_all else needs_you_count(caller))


def _closed(caller: Caller, projects: QuerySet[Project], known: Iterable[Phase] | None) -> list[Phase]:
    if known is not None:
        return [phase for phase in known if caller.may(Permission.PLAN, phase.project_id)]
    return list(_gates(projects).select_related("project").order_by("project_id", "position")[:MOST_SHOWN])


def _waiting(caller: Caller) -> list[Task]:
    """Return the tasks that wait, by what costs most while nobody looks: questions hold up an agent's work, failures are over."""
    condition, params = _within(caller)
    longest = " UNION ALL ".join(
        f"SELECT id FROM (SELECT id FROM coordination_task WHERE {WAITS} AND state = '{state}' {condition}"
        f" ORDER BY state_since, id LIMIT {MOST_TASKS}) AS of_{state}"
        for state in ORDER
    )
    waiting = Task.objects.filter(pk__in=RawSQL(longest, [*params] * len(ORDER), output_field=BigIntegerField()))
    rank = Case(*(When(state=state, then=place) for place, state in enumerate(ORDER)), default=len(ORDER))
    asked = Question.objects.filter(task=OuterRef("pk"), answered_at=None).order_by("-pk").values("text")[:1]
    tasks = waiting.select_related("project", "phase").annotate(open_question=Subquery(asked)).defer("criteria", "objective")
    return list(tasks.order_by(rank, "state_since", "id")[:MOST_TASKS])


def _planned_by(caller: Caller) -> QuerySet[Project] | None:
    """Return the projects that the caller plans, or None when there is nothing that this caller could decide."""
    if caller.may_everywhere(Permission.PLAN):
        return Project.objects.all()
    planned = _planned(caller)
    return Project.objects.filter(pk__in=planned) if planned else None


def _planned(caller: Caller) -> list[int]:
    return [pk for pk, permission in caller.permissions.items() if permission >= Permission.PLAN]


def _within(caller: Caller) -> tuple[str, list[Any]]:
    """Return SQL that keeps to the projects that the caller plans, and its parameters: none for who plans everywhere."""
    if caller.may_everywhere(Permission.PLAN):
        return "", []
    condition, ids = any_of(_planned(caller))
    return f"AND project_id {condition}", [ids]


def _gates(projects: QuerySet[Project]) -> QuerySet[Phase]:
    before = PhaseLink.objects.filter(phase=OuterRef("pk")).exclude(after__state=PhaseState.COMPLETED)
    closed = Phase.objects.filter(project__in=projects.values("pk"), state=PhaseState.PLANNED, gate=Gate.APPROVAL, gate_approved_at=None)
    return closed.filter(~Exists(before))


def _silent(caller: Caller, projects: QuerySet[Project]) -> QuerySet[Agent]:
    """Return the agents that were lost lately: all for who plans everywhere, else those that can work for the caller's projects."""
    lost = visible_agents(caller).filter(retired_at=None, silent_since__gt=Now() - STILL_NEWS)
    if caller.may_everywhere(Permission.PLAN):
        return lost
    return lost.filter(Exists(LaneAgent.objects.filter(agent=OuterRef("pk"), lane__project__in=projects.values("pk"))))


def _unserved(projects: QuerySet[Project]) -> QuerySet[Lane]:
    serving = LaneAgent.objects.filter(lane=OuterRef("pk"), agent__retired_at=None)
    return Lane.objects.filter(~Exists(serving), project__in=projects.values("pk"))


def _stranded_phases(projects: QuerySet[Project]) -> QuerySet[Phase]:
    left = Task.objects.filter(phase=OuterRef("pk"), state=State.QUEUED, lane__in=_unserved(projects).values("pk"))
    return Phase.objects.filter(Exists(left), project__in=projects.values("pk"), state=PhaseState.ACTIVE)


def _stranded(projects: QuerySet[Project]) -> list[Stranded]:
    queued = Task.objects.filter(state=State.QUEUED, lane__in=_unserved(projects).values("pk"), phase__state=PhaseState.ACTIVE)
    counts = queued.order_by().values_list(*STRANDED_BY).annotate(count=Count("pk"))
    rows_of = list(counts.order_by("phase_id", "-count"))
    living = list(Agent.objects.filter(retired_at=None, silent_since=None)) if rows_of else []
    found: dict[int, Stranded] = {}
    for phase_id, phase, slug, project, tier, capabilities, name, title, retired, count in rows_of:
        if before := found.get(phase_id):
            found[phase_id] = replace(before, tasks=before.tasks + count)
        else:
            agent = Agent(name=name, display_name=title, retired_at=retired) if name else None
            lack = Lack.of(Lane(tier=tier, capabilities=capabilities, assigned_to=agent), living)
            found[phase_id] = Stranded(phase_id, phase, slug, project, count, lack.sentence)
    return list(found.values())[:MOST_SHOWN]
