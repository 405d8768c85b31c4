"""When a project and each of its phases will be finished, from how long its attempts really took, and what that takes for granted."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone

from coordination.lifecycle import LEASED, SATISFIED_BY, DependencyKind, PhaseState, State
from coordination.models import Dependency, LaneAgent, Phase, PhaseLink, Project, Task
from coordination.queries.durations import ENOUGH, Experience, Pool, experience
from coordination.queries.schedule import Network, Step, conditional, critical_path, play, quantile
from coordination.queries.sentences import counted, listed, roughly

MOST_RUNS, FEWEST_RUNS, STEPS_PLAYED = 300, 8, 15_000
LARGEST = 20_000  # tasks left; more would take longer to play through than a page may take
UNFINISHED = [state for state in State if state not in (State.DONE, State.CANCELLED)]
GATES_LATER = ("the gate of {names} is opened when its turn comes", "the gates of {names} are opened when their turn comes")
GATES_NOW = ("the gate of {names} is opened now", "the gates of {names} are opened now")
A_WHILE = Pool([1.0])  # every task as long as any other, while nobody knows how long they take


@dataclass(frozen=True)
class PhaseForecast:
    """`left` counts unfinished tasks, `critical` those of them that decide the project's end.

    `is_conditional` says that a person, and not only work, stands before the end of the phase.
    """

    p50: datetime | None
    p90: datetime | None
    left: int
    is_conditional: bool = False
    critical: int = 0


@dataclass(frozen=True)
class Forecast:
    """P50 and P90 are the moments by which half and nine tenths of the runs had ended; None while too little is known.

    `critical` holds the ids of the tasks that decide the end, first to last; `phases` has every phase that is not completed;
    `basis` says in a sentence what all of it rests on, `conditions` what it takes for granted, each the end of a sentence
    that begins with "if".
    """

    p50: datetime | None
    p90: datetime | None
    critical: list[int]
    phases: dict[int, PhaseForecast]
    basis: str
    conditions: list[str] = field(default_factory=list)
    left: int = 0
    slots: int = 0
    waits: dict[int, list[int]] = field(default_factory=dict)  # task -> unfinished tasks that it waits for


class Left(NamedTuple):
    """A task that is left to do."""

    pk: int
    phase_id: int
    kind: str
    tier: str
    state: str
    priority: int
    lane_id: int
    not_before: datetime | None
    retry_at: datetime | None
    awaits_person: bool
    agent_id: int | None
    claimed_at: datetime | None


@dataclass(frozen=True)
class Crews:
    """Who can run what: the crews of each lane, the size of each crew, the crew of each agent, and how many agents are alive."""

    of_lane: dict[int, tuple[int, ...]]
    sizes: list[int]
    of_agent: dict[int, int]
    agents: int
    strangers: frozenset[int]  # lanes that no living agent serves


def forecast(
    project: Project,
    *,
    phases: Sequence[Phase] | None = None,
    follows: Mapping[int, Sequence[int]] | None = None,
    moment: datetime | None = None,
) -> Forecast:
    """Play the rest of the project through and return when it and its phases end. The same rows give the same answer.

    A page that has the phases and what each follows in hand passes them on.
    """
    moment = moment or timezone.now()  # nothing is decided by it, so the database need not be asked
    phases = list(project.phases.all()) if phases is None else phases
    follows = _links(project) if follows is None else follows
    open_phases = [phase for phase in phases if phase.state != PhaseState.COMPLETED]
    waits = _waits(project)
    tasks = [task for task in _left(project) if task.pk not in waits.unneeded]
    if not tasks:
        return Forecast(None, None, [], {phase.pk: PhaseForecast(None, None, 0) for phase in open_phases}, "Nothing is left to do.")
    if len(tasks) > LARGEST:
        return Forecast(None, None, [], {}, f"More than {LARGEST:,} tasks are left: too many to play through.", left=len(tasks))
    crews = _crews(project, tasks)
    network = _network(project, open_phases, follows, tasks, waits.on, crews, moment)
    known = experience(project)
    pools = [known.pool(task.phase_id, task.kind, task.tier) if known.is_enough else A_WHILE for task in tasks]
    path = [tasks[place].pk for place in critical_path(network, _expected(tasks, pools, moment))]
    decides = set(path)
    on_path = Counter(task.phase_id for task in tasks if task.pk in decides)
    conditions = _conditions(project, open_phases, follows, tasks, waits.dead_ends, crews)
    common: dict[str, Any] = {"critical": path, "left": len(tasks), "slots": sum(crews.sizes), "waits": waits.on, "conditions": conditions}
    if not known.is_enough:
        phases_left = Counter(task.phase_id for task in tasks)
        unknown = {phase.pk: PhaseForecast(None, None, phases_left[phase.pk], critical=on_path[phase.pk]) for phase in open_phases}
        return Forecast(None, None, phases=unknown, basis=_too_early(known), **common)
    runs = _runs(project, network, tasks, pools, moment)
    return Forecast(
        **_of_project(runs, moment),
        phases=_of_phases(project, open_phases, follows, tasks, crews, runs, on_path, moment),
        basis=_basis(known, crews, runs),
        **common,
    )


def _left(project: Project) -> list[Left]:
    of_row = {"agent_id": "lease__agent_id", "claimed_at": "lease__acquired_at"}
    rows = Task.objects.filter(project=project, state__in=UNFINISHED).order_by("pk")
    return [Left(*row) for row in rows.values_list(*(of_row.get(name, name) for name in Left._fields))[: LARGEST + 1]]


def _links(project: Project) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for phase_id, after_id in PhaseLink.objects.filter(phase__project=project).values_list("phase_id", "after_id"):
        found[phase_id].append(after_id)
    return found


@dataclass(frozen=True)
class Waits:
    """What each task still waits for, how many wait for something that was cancelled, and whom only a failure would need."""

    on: dict[int, list[int]]
    dead_ends: int
    unneeded: set[int]


def _waits(project: Project) -> Waits:
    edges = Dependency.objects.filter(project=project, task__state__in=UNFINISHED).exclude(on__state=State.DONE)
    rows = list(edges.order_by("on_id").values_list("task_id", "on_id", "kind", "on__state"))
    unneeded = {task for task, _, kind, state in rows if kind == DependencyKind.FAILURE and state != State.FAILED}
    waits: dict[int, list[int]] = {}
    dead_ends = set()
    for task, on, kind, state in rows:
        if kind == DependencyKind.FAILURE or task in unneeded or State(state) in SATISFIED_BY[DependencyKind(kind)]:
            continue
        if state == State.CANCELLED or on in unneeded:
            dead_ends.add(task)
        else:
            waits.setdefault(task, []).append(on)
    return Waits(waits, len(dead_ends), unneeded)


def _crews(project: Project, tasks: Sequence[Left]) -> Crews:
    """Put together the living agents that serve the same lanes; one that holds several tasks counts for as many."""
    lanes = {task.lane_id for task in tasks}
    holds = Counter(task.agent_id for task in tasks if task.agent_id)
    serves: dict[int, set[int]] = defaultdict(set)
    living = LaneAgent.objects.filter(Q(agent__silent_since=None), lane__project=project, agent__retired_at=None)
    for lane_id, agent_id in living.values_list("lane_id", "agent_id"):
        if lane_id in lanes:
            serves[agent_id].add(lane_id)
    numbers: dict[frozenset[int], int] = {}
    sizes: list[int] = []
    of_agent: dict[int, int] = {}
    for agent_id in sorted(serves):
        number = numbers.setdefault(frozenset(serves[agent_id]), len(numbers))
        sizes.extend([0] * (number + 1 - len(sizes)))
        sizes[number] += max(1, holds[agent_id])
        of_agent[agent_id] = number
    of_lane = {lane: tuple(number for served, number in numbers.items() if lane in served) for lane in lanes}
    strangers = frozenset(lane for lane, crews in of_lane.items() if not crews)
    if strangers:
        of_lane |= dict.fromkeys(strangers, (len(sizes),))
        sizes.append(1)
    return Crews(of_lane, sizes, of_agent, len(serves), strangers)


def _network(
    project: Project,
    phases: Sequence[Phase],
    follows: Mapping[int, Sequence[int]],
    tasks: Sequence[Left],
    waits: Mapping[int, Sequence[int]],
    crews: Crews,
    moment: datetime,
) -> Network:
    places = {task.pk: place for place, task in enumerate(tasks)}
    stages = {phase.pk: stage for stage, phase in enumerate(phases)}
    has_started = {phase.pk for phase in phases if phase.started_at}
    steps = [_step(task, stages, places, waits, crews, moment) for task in tasks]
    after = [[] if phase.pk in has_started else [stages[pk] for pk in follows.get(phase.pk, ()) if pk in stages] for phase in phases]
    return Network(steps, after, crews.sizes, project.max_running)


def _step(
    task: Left,
    stages: Mapping[int, int],
    places: Mapping[int, int],
    waits: Mapping[int, Sequence[int]],
    crews: Crews,
    moment: datetime,
) -> Step:
    running = task.state in LEASED
    if running:
        crew = crews.of_agent.get(task.agent_id or 0)
        return Step(stages[task.phase_id], crews=() if crew is None else (crew,), running=True)
    later = [(due - moment).total_seconds() for due in (task.not_before, task.retry_at) if due and due > moment]
    needs = tuple(places[on] for on in waits.get(task.pk, ()))
    return Step(stages[task.phase_id], needs, crews.of_lane[task.lane_id], max(later, default=0.0), task.priority)


def _elapsed(task: Left, moment: datetime) -> float:
    return max(0.0, (moment - task.claimed_at).total_seconds()) if task.claimed_at else 0.0


def _expected(tasks: Sequence[Left], pools: Sequence[Pool], moment: datetime) -> list[float]:
    means = {number: pool.expected for number, pool in {id(pool): pool for pool in pools}.items()}
    found = []
    for task, pool in zip(tasks, pools, strict=True):
        if task.state in LEASED:
            rest = conditional(pool.values, _elapsed(task, moment))
            found.append(sum(rest) / len(rest))
        else:
            found.append(0.0 if task.state == State.REVIEW else means[id(pool)])
    return found


def _runs(project: Project, network: Network, tasks: Sequence[Left], pools: Sequence[Pool], moment: datetime) -> list[list[float]]:
    """Return the ends of all stages, run by run."""
    rng = random.Random(project.pk)
    fresh: dict[int, tuple[Pool, list[int]]] = {}
    for place, (task, pool) in enumerate(zip(tasks, pools, strict=True)):
        if task.state not in LEASED and task.state != State.REVIEW:
            fresh.setdefault(id(pool), (pool, []))[1].append(place)
    rests = [
        (place, conditional(pool.values, _elapsed(task, moment)))
        for place, (task, pool) in enumerate(zip(tasks, pools, strict=True))
        if task.state in LEASED
    ]
    durations = [0.0] * len(tasks)
    runs = []
    for _ in range(max(FEWEST_RUNS, min(MOST_RUNS, STEPS_PLAYED // len(tasks)))):
        for pool, places in fresh.values():
            for place, seconds in zip(places, rng.choices(pool.values, k=len(places)), strict=True):
                durations[place] = seconds
        for place, rest in rests:
            durations[place] = rest[int(rng.random() * len(rest))]  # one draw, however many are left: all later ones stay as they were
        runs.append(play(network, durations))
    return runs


def _between(ends: Iterable[float], moment: datetime) -> dict[str, datetime | None]:
    ordered = sorted(ends)
    return {name: _after(moment, quantile(ordered, share)) for name, share in (("p50", 0.5), ("p90", 0.9))}


def _after(moment: datetime, seconds: float) -> datetime | None:
    return None if seconds == inf else moment + timedelta(seconds=seconds)


def _of_project(runs: Sequence[Sequence[float]], moment: datetime) -> dict[str, Any]:
    return _between((max(run) for run in runs), moment)


def _of_phases(
    project: Project,
    phases: Sequence[Phase],
    follows: Mapping[int, Sequence[int]],
    tasks: Sequence[Left],
    crews: Crews,
    runs: Sequence[Sequence[float]],
    on_path: Counter[int],
    moment: datetime,
) -> dict[int, PhaseForecast]:
    left = Counter(task.phase_id for task in tasks)
    waiting = {task.phase_id for task in tasks if _awaits_people(task, crews)}
    held = {phase.pk for phase in phases if phase.state == PhaseState.PAUSED or not phase.is_gate_open} | waiting
    found = {}
    for stage, phase in enumerate(phases):
        about: dict[str, Any] = _between((run[stage] for run in runs), moment) if left[phase.pk] else {"p50": None, "p90": None}
        found[phase.pk] = PhaseForecast(
            left=left[phase.pk],
            is_conditional=project.is_paused or bool(held & _up_to(phase.pk, follows)),
            critical=on_path[phase.pk],
            **about,
        )
    return found


def _awaits_people(task: Left, crews: Crews) -> bool:
    is_stuck = task.state in (State.BLOCKED, State.REVIEW, State.FAILED) or task.awaits_person
    return is_stuck or (task.lane_id in crews.strangers and task.state not in LEASED)


def _up_to(phase_id: int, follows: Mapping[int, Sequence[int]]) -> set[int]:
    """Return the phase and all before it."""
    found, waiting = {phase_id}, [phase_id]
    while waiting:
        fresh = [pk for pk in follows.get(waiting.pop(), ()) if pk not in found]
        found.update(fresh)
        waiting.extend(fresh)
    return found


def _conditions(
    project: Project,
    phases: Sequence[Phase],
    follows: Mapping[int, Sequence[int]],
    tasks: Sequence[Left],
    dead_ends: int,
    crews: Crews,
) -> list[str]:
    """Say what has to happen beside the work, each as the end of a sentence that begins with "if"."""
    states = Counter(task.state for task in tasks)
    busy = {task.phase_id for task in tasks}
    before = set().union(*(_up_to(pk, follows) for pk in busy))
    strange = sum(task.lane_id in crews.strangers and task.state not in LEASED for task in tasks)
    idle = [phase.name for phase in phases if phase.pk not in busy and phase.pk in before and not phase.started_at]
    endless = {after for phase in phases if not phase.started_at and phase.pk in before for after in follows.get(phase.pk, ())}
    gated = [phase for phase in phases if not phase.is_gate_open and phase.pk in before]
    unfinished = {phase.pk for phase in phases}

    def is_next(phase: Phase) -> bool:
        return unfinished.isdisjoint(follows.get(phase.pk, ()))

    said = [
        ("the project is resumed now", project.is_paused),
        (listed([phase.name for phase in phases if phase.state == PhaseState.PAUSED and phase.pk in before], "{} resumed now"), True),
        (listed([phase.name for phase in gated if not is_next(phase)], *GATES_LATER), True),
        (listed([phase.name for phase in gated if is_next(phase)], *GATES_NOW), True),
        (listed([phase.name for phase in phases if phase.open_ended and phase.pk in endless], "{} completed by hand"), True),
        (listed(idle, "{}, without tasks, completed by hand"), True),
        (f"{counted(states[State.BLOCKED], 'question')} answered now", states[State.BLOCKED]),
        (f"{counted(states[State.REVIEW], 'review')} given now", states[State.REVIEW]),
        (f"{counted(states[State.FAILED], 'failed task')} tried again now", states[State.FAILED]),
        (f"{counted(sum(task.awaits_person for task in tasks), 'proposed task')} allowed now", any(task.awaits_person for task in tasks)),
        (f"the cancelled work that {counted(dead_ends, 'task waits', 'tasks wait', verb=False)} for is not needed", dead_ends),
        (f"an agent joins for the {counted(strange, 'task', verb=False)} that no live agent can run", strange and crews.agents),
        ("an agent starts now", strange and not crews.agents),
    ]
    return [sentence for sentence, holds in said if sentence and holds]


def _too_early(known: Experience) -> str:
    return f"A forecast needs {ENOUGH} finished attempts; so far there {'is' if known.own == 1 else 'are'} {known.own or 'none'}."


def _basis(known: Experience, crews: Crews, runs: Sequence[Sequence[float]]) -> str:
    if any(max(run) == inf for run in runs):
        return "No end in sight: some tasks wait for tasks of a later phase, so that neither can begin. Change their dependencies."
    where = f"all projects, since this one has fewer than {ENOUGH}" if known.is_fleet else "this project"
    agents = "one agent" if crews.agents < 2 else f"the {crews.agents} agents that are alive"
    attempts = counted(known.used, "finished attempt", verb=False)
    retried = f", and {known.retried:,} more came to nothing" if known.retried else ""
    return (
        f"Played through {len(runs)} times with {agents}, as long as {attempts} of {where} took: usually {roughly(known.median)}{retried}."
    )
