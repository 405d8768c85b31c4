"""Taking a push: who may move which branch, and what the commits may hold. Objects first, row second, ref last (P14).

A planner moves `main`; whoever holds the lease moves `attempts/<n>` of that attempt; nobody moves anything else. The
content follows the rules of every other save. The key is asked again before the row changes: it may have been revoked
while a long push was on its way (A10).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO

from django.db import transaction
from django.db.models import F

import repo_store
from coordination.actor import Actor
from coordination.errors import MusterError, Refused, StaleVersion, WrongState
from coordination.file_rules import HAS_RULES, refuse_bad_content
from coordination.models import Attempt, Task, TaskFile
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.holding import attempt_of, held
from coordination.operations.tokens import holder_of
from coordination.queries.access import Caller, Permission, find_task, require
from coordination.queries.references import dangling
from coordination.queries.repositories import store, translated
from repo_store import MAIN_REF, MAIN_ROOTS, Parcel, Pushed, Terms, attempt_ref

MOST_BRANCHES = 10
FETCH_FIRST = "fetch first"
REFUSED = "refused by Muster, see above"
Ask = Callable[[], Caller]
"""Return the pusher as the database knows it at this moment, or raise Unauthenticated."""


@dataclass(frozen=True)
class Command:
    """One branch to move from `old` to `new`; "" for a branch that is not there."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True)
class Verdict:
    """What became of one command; `sentence` tells the pusher why not, `short` is git's word for it."""

    ref: str
    sentence: str = ""
    short: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return not self.short


@dataclass(frozen=True)
class _Place:
    """The branch a command is about, as the database knows it: main (`attempt` None) or the branch of an attempt."""

    ref: str
    tip: str
    grown_from: str
    attempt: Attempt | None = None

    @property
    def name(self) -> str:
        return self.ref.removeprefix("refs/heads/")


@dataclass(frozen=True)
class Options:
    """What came with a push: the token of a lease, and whether a plan should only be looked at."""

    lease_token: str = ""
    is_preview: bool = False


def push(task_id: int, commands: Sequence[Command], pack: IO[bytes], *, ask: Ask, options: Options) -> list[Verdict]:
    """Judge and take each command by itself, in order, and return what became of each."""
    if len(commands) > MOST_BRANCHES:
        return [Verdict(command.ref, f"One push moves at most {MOST_BRANCHES} branches.", REFUSED) for command in commands]
    with translated():
        try:
            with store().unpacked(task_id, pack) as parcel:
                return [_judged(parcel, task_id, command, ask, options.lease_token) for command in commands]
        except (repo_store.RefusedPush, repo_store.LimitExceeded) as refusal:
            return [Verdict(command.ref, str(refusal), REFUSED) for command in commands]


def _judged(parcel: Parcel, task_id: int, command: Command, ask: Ask, lease_token: str) -> Verdict:
    try:
        with translated():
            _take(parcel, task_id, command, ask, lease_token)
    except StaleVersion as refusal:
        return Verdict(command.ref, refusal.sentence, FETCH_FIRST)
    except MusterError as refusal:
        return Verdict(command.ref, refusal.sentence, REFUSED)
    notes = dangling(task_id) if command.ref == MAIN_REF else []
    return Verdict(command.ref, notes=tuple(f"Note: {note}" for note in notes))


def _take(parcel: Parcel, task_id: int, command: Command, ask: Ask, lease_token: str) -> None:
    caller = ask()
    with transaction.atomic():  # a lease is looked at under the lock of its task
        place = _place(caller, task_id, command, lease_token)
    if not command.new:
        raise Refused(f"{place.name} is not deleted by a push: what agents were told stays on record.")
    if place.tip == command.new:
        return
    if place.tip != command.old:
        raise StaleVersion(
            f"{place.name} stands at {place.tip[:10] or 'nothing'} now: fetch, put your commits on top (git pull --rebase), push again."
        )
    is_main = place.attempt is None
    terms = Terms(
        branch=place.name,
        old=place.tip or None,
        grown_from=place.grown_from or None,
        roots=MAIN_ROOTS if is_main else None,
        linear=is_main,
        email=(place.attempt.agent.actor if place.attempt else caller.actor).email,
        rule=_rule if is_main else _no_rule,
    )
    pushed = parcel.inspect(command.new, terms)
    parcel.admit()
    _record(task_id, command, pushed, ask, lease_token)


def _place(caller: Caller, task_id: int, command: Command, lease_token: str) -> _Place:
    """Return the branch, if this caller may move it. Main needs the right to plan, an attempt's branch its lease."""
    task = find_task(caller, task_id, Permission.WORK)
    if command.ref == MAIN_REF:
        require(caller, Permission.PLAN, task.project_id)
        return _Place(MAIN_REF, task.head, task.head)
    if lease_token and caller.key:
        holder = holder_of(lease_token, task_id, caller.key.pk)
        held(holder)
        attempt = attempt_of(holder)
        if command.ref != attempt_ref(attempt.number):
            raise Refused(f"This lease moves the branch attempts/{attempt.number} and no other.")
        return _Place(command.ref, attempt.tip, attempt.tip or attempt.commit, attempt)
    if command.ref.startswith("refs/heads/attempts/"):
        raise Refused("Only the holder of the lease moves an attempt's branch: push with -o lease=<lease_token>.")
    raise Refused("The only branches are main and attempts/<number>; tags and other branches have no place here.")


def _rule(path: str, content: Callable[[], bytes]) -> None:
    if path not in HAS_RULES:
        return
    try:
        refuse_bad_content({path: content()})
    except MusterError as refusal:
        raise repo_store.RefusedPush(refusal.sentence) from None


def _no_rule(path: str, content: Callable[[], bytes]) -> None:
    """An attempt's branch may hold any content."""


@atomically
def _record(task_id: int, command: Command, pushed: Pushed, ask: Ask, lease_token: str) -> None:
    """Make the pushed commit the truth if the branch still stands where the push began and the key is still good."""
    caller = ask()
    place = _place(caller, task_id, command, lease_token)
    task = Task.objects.get(pk=task_id)
    if place.attempt is None:
        _move_main(task, command, pushed, caller.actor)
    else:
        _move_attempt(task, place.attempt, command, pushed, key=caller.key.pk if caller.key else None)
    transaction.on_commit(partial(_follow, task_id, command.ref, command.new), robust=True)


def _move_main(task: Task, command: Command, pushed: Pushed, actor: Actor) -> None:
    if not Task.objects.filter(pk=task.pk, head=command.old).update(head=command.new, version=F("version") + 1):
        raise StaleVersion("main moved at the same moment: fetch, put your commits on top (git pull --rebase), push again.")
    TaskFile.objects.filter(task=task, path__in=list(pushed.changes)).delete()
    TaskFile.objects.bulk_create(
        TaskFile(task=task, path=path, content=content, size=len(content))
        for path, content in pushed.changes.items()
        if content is not None
    )
    record(
        "files.saved",
        actor=actor,
        task=task,
        old=command.old,
        new=command.new,
        files=sorted(pushed.changes),
        message=pushed.message,
        commits=len(pushed.commits),
        by="push",
    )


def _move_attempt(task: Task, attempt: Attempt, command: Command, pushed: Pushed, *, key: int | None) -> None:
    if not Attempt.objects.filter(pk=attempt.pk, tip=command.old, finished_at=None).update(tip=command.new):
        raise WrongState(f"The branch of attempt {attempt.number} moved, or the attempt ended, at the same moment; fetch and look.")
    record(
        "attempt.pushed",
        actor=attempt.agent.actor,
        task=task,
        agent_id=attempt.agent_id,
        attempt_id=attempt.pk,
        attempt=attempt.number,
        old=command.old,
        new=command.new,
        files=sorted(pushed.changes)[:100],
        message=pushed.message,
        commits=len(pushed.commits),
        key=key,
    )


def _follow(task_id: int, ref: str, head: str) -> None:
    store().advance_ref(task_id, head, ref)
