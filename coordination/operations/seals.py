"""Sealing: what came of an attempt becomes one commit on its branch, which grew from the commit that was handed out.

It happens after the transaction that ends the attempt, and only where git has something to do with it: an attempt whose
task had files, or to whose branch something was pushed. An attempt at a task without files is sealed when somebody clones
the task, so that claiming and completing such tasks costs no git at all. The job `seals` catches what a crash left out.
"""

import logging
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

import repo_store
from coordination.actor import Actor
from coordination.models import Attempt, LateResult, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.queries.repositories import author_of, store
from coordination.queries.sealing import late_files, message_of, sealed_files, unsealed_late
from repo_store import attempt_ref

log = logging.getLogger(__name__)

MISSED_AFTER = timedelta(seconds=30)
BATCH = 200


def seal_soon(attempt_id: int) -> None:
    """Seal an attempt once the transaction that ends it is committed."""
    transaction.on_commit(partial(_seal_or_log, attempt_id), robust=True)


def seal(attempt_id: int) -> str:
    """Seal an attempt and every late result of it that is not sealed yet; return where its branch stands. Repeatable."""
    attempt = Attempt.objects.select_related("agent", "task__project", "task__phase").get(pk=attempt_id)
    if attempt.finished_at is None:
        return attempt.tip
    if not attempt.sealed_commit:
        _write(attempt, sealed_files(attempt), message_of(attempt), late=None)
    for late in unsealed_late([attempt.pk]):
        late.attempt = attempt
        _write(attempt, late_files(late), message_of(attempt, late), late=late)
    return attempt.tip


def seal_missed(task_id: int | None = None) -> int:
    """Seal what should be sealed and is not, of one task or of all; return how many attempts that were.

    Of one task every finished attempt is sealed; of all only those that git has to do with.
    """
    finished = Attempt.objects.filter(finished_at__isnull=False)
    late = Q(late_results__isnull=False, late_results__sealed_commit="")
    if task_id is not None:
        missed = finished.filter(Q(sealed_commit="") | late, task=task_id)
    else:
        due = finished.filter(finished_at__lt=now() - MISSED_AFTER)
        missed = due.filter(Q(sealed_commit="") & ~Q(commit="") | late & ~Q(sealed_commit=""))
    return sum(_seal_or_log(pk) for pk in missed.order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])


def _seal_or_log(attempt_id: int) -> bool:
    """Seal, and leave what cannot be sealed now to the next time: the attempt has ended whatever git says."""
    try:
        seal(attempt_id)
    except (repo_store.RepoError, Attempt.DoesNotExist) as error:
        log.warning("Attempt %s is not sealed yet: %s", attempt_id, error)
        return False
    return True


def _write(attempt: Attempt, files: dict[str, bytes], message: str, *, late: LateResult | None) -> None:
    version = store().write_seal(
        attempt.task_id,
        parents=[commit for commit in (attempt.tip, attempt.commit) if commit],
        files=files,
        author=author_of(attempt.agent.actor),
        message=message,
        when=attempt.finished_at if late is None else late.received_at,
    )
    if _record(attempt, version.commit, late):
        attempt.tip = version.commit
        attempt.sealed_commit = attempt.sealed_commit or version.commit


@atomically
def _record(attempt: Attempt, commit: str, late: LateResult | None) -> bool:
    """Make the sealing commit the truth, unless another process sealed at the same moment: it wrote the same."""
    changes = {"tip": commit} | ({} if late else {"sealed_commit": commit})
    if not Attempt.objects.filter(pk=attempt.pk, tip=attempt.tip).update(**changes):
        return False
    if late:
        LateResult.objects.filter(pk=late.pk).update(sealed_commit=commit)
    agent: Actor = attempt.agent.actor
    record(
        "attempt.sealed",
        actor=agent,
        task=attempt.task,
        agent_id=attempt.agent_id,
        attempt_id=attempt.pk,
        attempt=attempt.number,
        old=attempt.tip or attempt.commit,
        new=commit,
        late=late is not None,
    )
    transaction.on_commit(partial(follow_attempt, attempt.task_id, attempt.number, commit), robust=True)
    return True


def follow_attempt(task_id: int, number: int, commit: str) -> None:
    """Let the branch of an attempt follow its row (P14)."""
    store().advance_ref(task_id, commit, attempt_ref(number))


def drop_lost(task: Task) -> None:
    """Forget the commits that a rebuilt repository does not hold any more; what they sealed is sealed again from the rows."""
    Attempt.objects.filter(task=task).exclude(tip="", sealed_commit="").update(tip="", sealed_commit="")
    LateResult.objects.filter(attempt__task=task).exclude(sealed_commit="").update(sealed_commit="")
