"""Counts over everything a caller may see."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, CharField, Count, Q, Sum, Value, When

from coordination.lifecycle import BAND_RANGE, AgentState, Band, PhaseState, State
from coordination.models import Attempt, Phase, Task
from coordination.models.clock import now
from coordination.queries.access import Caller, visible_agents, visible_tasks
from coordination.queries.shares import percent as share


@dataclass(frozen=True)
class Stats:
    """`bands` counts queued tasks, `finished_today` those done in the last 24 hours, `cost_usd` everything ever spent."""

    tasks: dict[str, int]
    bands: dict[str, int]
    agents: dict[str, int]
    finished_today: int
    cost_usd: float
    server_time: datetime


def counts(caller: Caller, project: str | None = None) -> Stats:
    tasks = visible_tasks(caller)
    if project:
        tasks = tasks.filter(project__slug=project)
    moment = now()
    by_state = dict(tasks.values_list("state").annotate(Count("pk")).order_by())
    whens = [When(priority__range=BAND_RANGE[band], then=Value(band.value)) for band in Band]
    queued = tasks.filter(state=State.QUEUED).annotate(in_band=Case(*whens, output_field=CharField()))
    by_band = dict(queued.values_list("in_band").annotate(Count("pk")).order_by())
    agents = [agent.state for agent in visible_agents(caller).with_lease()]
    spent = Attempt.objects.filter(task__in=tasks).aggregate(spent=Sum("cost_usd"))["spent"]
    return Stats(
        tasks={state.value: by_state.get(state.value, 0) for state in State},
        bands={band.value: by_band.get(band.value, 0) for band in Band},
        agents={state.value: agents.count(state) for state in AgentState},
        finished_today=tasks.filter(done_at__gte=moment - timedelta(days=1)).count(),
        cost_usd=float(spent or 0),
        server_time=moment,
    )


def progress_of(phases: list[Phase]) -> dict[int, dict[str, int]]:
    """Return for each phase how many of its tasks are in which shape; cancelled ones do not count towards the percentage."""
    shapes = (
        Task.objects.filter(phase__in=phases)
        .order_by()
        .values_list("phase")
        .annotate(
            total=Count("pk"),
            done=Count("pk", filter=Q(state=State.DONE)),
            failed=Count("pk", filter=Q(state=State.FAILED)),
            cancelled=Count("pk", filter=Q(state=State.CANCELLED)),
        )
    )
    counted = {phase: dict(zip(("total", "done", "failed", "cancelled"), counts, strict=True)) for phase, *counts in shapes}
    return {phase.pk: _progress(phase, counted.get(phase.pk, {})) for phase in phases}


def _progress(phase: Phase, counted: dict[str, int]) -> dict[str, int]:
    total, done, failed, cancelled = (counted.get(name, 0) for name in ("total", "done", "failed", "cancelled"))
    wanted = total - cancelled
    percent = share(done, wanted) if wanted else 100 if phase.state == PhaseState.COMPLETED else 0
    return {"total": total, "done": done, "failed": failed, "cancelled": cancelled, "open": wanted - done - failed, "percent": percent}
