"""Which tasks the values of a qualifier find."""

from collections.abc import Sequence

from django.db import connection
from django.db.models import DecimalField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from coordination.lifecycle import BAND_RANGE, FINISHED, LEASED, OPEN, Band, State
from coordination.models import Attempt
from coordination.queries.filters import values
from coordination.queries.filters.conditions import CONDITIONS, PRESENT
from coordination.queries.filters.lists import holds, mentions
from coordination.queries.filters.values import Find, Scene

STATES: dict[str, frozenset[State]] = {
    **{state.value: frozenset({state}) for state in State},
    "progress": LEASED,
    "needs": frozenset({State.BLOCKED, State.REVIEW}),
    "pending": frozenset({State.WAITING, State.QUEUED}),
    "open": OPEN,
    "finished": FINISHED,
}
BANDS = frozenset(band.value for band in Band)
ACTORS = ("person", "agent", "key", "system")


COST = Coalesce(
    Subquery(Attempt.objects.filter(task=OuterRef("pk")).order_by().values("task").annotate(cost=Sum("cost_usd")).values("cost")),
    Value(0),
    output_field=DecimalField(max_digits=14, decimal_places=6),
)


def among(column: str) -> Find:
    return lambda wanted, scene: Q(**{f"{column}__in": list(wanted)})


def in_states(wanted: Sequence[str], scene: Scene) -> Q:
    return Q(state__in=sorted(frozenset().union(*(STATES[word] for word in wanted))))


def in_phases(wanted: Sequence[str], scene: Scene) -> Q:
    found = []
    for value in wanted:
        if value.startswith("@"):
            found.append(Q(phase__state=value[1:]))
        elif value.isascii() and value.isdecimal() and len(value) < 19:
            found.append(Q(phase=int(value)))
        else:
            found.append(Q(phase__name__iexact=value) | Q(phase__key=value))
    return values.any_of(found)


def worked_on_by(wanted: Sequence[str], scene: Scene) -> Q:
    found = []
    if "@none" in wanted:
        found.append(Q(attempts_made=0))
    if "@any" in wanted:
        found.append(Q(attempts_made__gt=0))
    if names := _names(wanted, scene):
        found.append(Q(last_agent__in=names))
    return values.any_of(found) if found else Q(pk__in=())


def meant_for(wanted: Sequence[str], scene: Scene) -> Q:
    found = [Q(assigned_to__name__in=_names(wanted, scene))]
    if "@none" in wanted:
        found.append(Q(assigned_to=None))
    if "@any" in wanted:
        found.append(Q(assigned_to__isnull=False))
    return values.any_of(found)


def _names(wanted: Sequence[str], scene: Scene) -> list[str]:
    """Return the agents that are named. @me is the agent of the caller's key; a person is none."""
    names = [value for value in wanted if not value.startswith("@")]
    key = scene.caller.key
    return [*names, key.agent.name] if "@me" in wanted and key and key.agent else names


def added_by(wanted: Sequence[str], scene: Scene) -> Q:
    found = []
    for value in wanted:
        if value == "@me":
            found.append(Q(created_by=str(scene.caller.actor)))
        elif value in ("@agents", "@people"):
            found.append(Q(created_by__startswith="agent:" if value == "@agents" else "person:"))
        else:
            found.append(Q(created_by__in=[value, *(f"{kind}:{value}" for kind in ACTORS)]))
    return values.any_of(found)


def with_priority(wanted: Sequence[str], scene: Scene) -> Q:
    found = [
        Q(priority__range=BAND_RANGE[Band(value)]) if value in BANDS else values.numbers("priority")([value], scene) for value in wanted
    ]
    return values.any_of(found)


def part_of(wanted: Sequence[str], scene: Scene) -> Q:
    return Q(parent__in=[int(value) for value in wanted])


def finished_at(wanted: Sequence[str], scene: Scene) -> Q:
    return Q(state__in=sorted(FINISHED)) & values.times("state_since")(wanted, scene)


def called_off_at(wanted: Sequence[str], scene: Scene) -> Q:
    return Q(state=State.CANCELLED) & values.times("state_since")(wanted, scene)


# PostgreSQL would read the whole table at every step of a long chain; a lateral one it can only look up.
STEP = {
    "postgresql": "reached, LATERAL (SELECT {to} FROM coordination_dependency WHERE {by} = reached.id OFFSET 0) edge",
    "sqlite": "reached JOIN coordination_dependency edge ON edge.{by} = reached.id",
}


def reachable(by: str, to: str) -> Find:
    """Return the condition of being a task, or of being reached from it along the dependencies, however far."""

    def find(wanted: Sequence[str], scene: Scene) -> Q:
        step = STEP[connection.vendor].format(by=by, to=to)
        walk = f"WITH RECURSIVE reached(id) AS (SELECT CAST(%s AS bigint) UNION SELECT edge.{to} FROM {step}) SELECT id FROM reached"
        return values.any_of([Q(pk__in=RawSQL(walk, [int(value)])) for value in wanted])

    return find


def holding(column: str) -> Find:
    return lambda wanted, scene: values.any_of([Q(holds(column, value)) for value in wanted])


def mentioning(column: str) -> Find:
    return lambda wanted, scene: values.any_of([Q(mentions(column, value)) for value in wanted])


def being(wanted: Sequence[str], scene: Scene) -> Q:
    return values.any_of([CONDITIONS[word].find(scene) if word in CONDITIONS else in_states([word], scene) for word in wanted])


def having(wanted: Sequence[str], scene: Scene) -> Q:
    return values.any_of([PRESENT[word].find(scene) for word in wanted])


def lacking(wanted: Sequence[str], scene: Scene) -> Q:
    return values.any_of([~PRESENT[word].find(scene) for word in wanted])
