"""Letting branches follow the database after a crash between the row and the ref (P14)."""

import logging
from dataclasses import dataclass

from django.db.models import Q

import repo_store
from coordination.models import Event, JobMark, Task
from coordination.operations.atomic import atomically
from coordination.operations.jobmarks import mark_of
from coordination.queries.repositories import store

log = logging.getLogger(__name__)

BATCH = 1_000


@dataclass(frozen=True)
class RefReport:
    checked: int
    moved: int
    faulty: int


def repair_refs() -> RefReport:
    """Look at every task saved since the last call, however long ago that was, and move the branches that stayed behind.

    Safe beside a save that is about to move the same branch: both move it forward to what the database says.
    """
    mark = mark_of("refs")
    newest = Event.objects.settled().order_by("txid", "id").values_list("txid", "id").last()
    if newest is None or newest == (mark.cursor_txid, mark.cursor_id):
        return RefReport(0, 0, 0)
    saved = _saved_since(mark)
    heads = Task.objects.filter(pk__in={task_id for _, _, task_id in saved}).exclude(head="").values_list("pk", "head")
    outcomes = [_follow(task_id, head) for task_id, head in heads]
    if "busy" not in outcomes:
        _read_up_to(mark, newest if len(saved) < BATCH else saved[-1][:2])
    return RefReport(len(outcomes), outcomes.count("moved"), outcomes.count("faulty"))


def _follow(task_id: int, head: str) -> str:
    try:
        if store().tip(task_id) == head:
            return "right"
        return "moved" if store().advance_ref(task_id, head) else "right"
    except (repo_store.RepoLocked, repo_store.StoreUnavailable) as error:
        log.warning("%s", error)
        return "busy"
    except repo_store.RepoError as error:  # damage is the repocheck's to mend; the next save says so too
        log.warning("%s", error)
        return "faulty"


@atomically
def _read_up_to(mark: JobMark, event: tuple[int, int]) -> None:
    seen = JobMark.objects.filter(pk=mark.pk, cursor_txid=mark.cursor_txid, cursor_id=mark.cursor_id)
    seen.update(cursor_txid=event[0], cursor_id=event[1])


def _saved_since(mark: JobMark) -> list[tuple[int, int, int]]:
    later = Q(txid__gt=mark.cursor_txid) | Q(txid=mark.cursor_txid, id__gt=mark.cursor_id)
    events = Event.objects.settled().filter(later, kind__in=["files.saved", "files.rebuilt"]).order_by("txid", "id")
    return [(txid, pk, task_id or 0) for txid, pk, task_id in events.values_list("txid", "id", "task_id")[:BATCH]]
