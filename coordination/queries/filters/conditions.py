"""What `is:`, `has:` and `no:` can ask of a task, one row a word."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan

from coordination.lifecycle import LEASED, PhaseState, State
from coordination.models import Dependency, Event, LaneAgent, LateResult, LineComment, Message, Question, Task
from coordination.queries.filters.values import Scene

STALE_AFTER = timedelta(days=7)
LATEST = Coalesce(Subquery(Event.objects.filter(task_id=OuterRef("pk")).order_by("-id").values("at")[:1]), F("state_since"))


@dataclass(frozen=True)
class Condition:
    """`says` completes "a task that"."""

    says: str
    find: Callable[[Scene], Q]


def _stale(scene: Scene) -> Q:
    silent = Q(lease__agent__silent_since__isnull=False)
    forgotten = Q(LessThan(LATEST, scene.now - STALE_AFTER), state__in=[*sorted(LEASED), State.QUEUED, State.BLOCKED, State.REVIEW])
    return silent | forgotten


def _stranded(scene: Scene) -> Q:
    served = LaneAgent.objects.filter(lane=OuterRef("lane"), agent__retired_at=None)
    return Q(~Exists(served), state__in=[State.WAITING, State.QUEUED])


def _ready(scene: Scene) -> Q:
    return Q(state=State.QUEUED, phase__state=PhaseState.ACTIVE, project__paused_at=None)


def _late(scene: Scene) -> Q:
    return Q(Exists(LateResult.objects.filter(attempt__task=OuterRef("pk"), adopted_at=None)))


def _question(scene: Scene) -> Q:
    return Q(Exists(Question.objects.filter(task=OuterRef("pk"), answered_at=None)))


def _remark(scene: Scene) -> Q:
    return Q(Exists(LineComment.objects.kept().filter(task=OuterRef("pk"), resolved_at=None)))


CONDITIONS = {
    "stale": Condition("is held by a silent agent, or had no news for 7 days though it does not wait for others", _stale),
    "silent": Condition("is held by an agent that has gone silent", lambda scene: Q(lease__agent__silent_since__isnull=False)),
    "late": Condition("got a late result that nobody adopted", _late),
    "ready": Condition("could be claimed now", _ready),
    "stranded": Condition("waits or is queued, and no registered agent could run it", _stranded),
    "retrying": Condition("failed and is tried again later", lambda scene: Q(state=State.WAITING, retry_at__isnull=False)),
    "proposed": Condition("was added by an agent and waits for a person to let it run", lambda scene: Q(awaits_person=True)),
}
PRESENT = {
    "label": Condition("has a label", lambda scene: ~Q(labels=[])),
    "needs": Condition("needs a capability", lambda scene: ~Q(capabilities=[])),
    "kind": Condition("has a kind", lambda scene: ~Q(kind="")),
    "agent": Condition("was claimed at least once", lambda scene: Q(attempts_made__gt=0)),
    "assigned": Condition("is meant for one agent", lambda scene: Q(assigned_to__isnull=False)),
    "parent": Condition("is part of another task", lambda scene: Q(parent__isnull=False)),
    "children": Condition("has tasks that are part of it", lambda scene: Q(Exists(Task.objects.filter(parent=OuterRef("pk"))))),
    "criteria": Condition("has acceptance criteria", lambda scene: ~Q(criteria=[])),
    "dependencies": Condition("depends on others", lambda scene: Q(Exists(Dependency.objects.filter(task=OuterRef("pk"))))),
    "dependents": Condition("has others that depend on it", lambda scene: Q(Exists(Dependency.objects.filter(on=OuterRef("pk"))))),
    "blockers": Condition("depends on others that are not finished", lambda scene: Q(blockers__gt=0)),
    "question": Condition("has a question that nobody answered", _question),
    "result": Condition("has a result", lambda scene: ~Q(result="")),
    "files": Condition("has instructions or other files", lambda scene: ~Q(head="")),
    "remark": Condition("has an open remark on a line of its files", _remark),
    "message": Condition("has messages about it", lambda scene: Q(Exists(Message.objects.filter(task=OuterRef("pk"))))),
}
