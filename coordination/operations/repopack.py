"""Packing the repositories that hold many loose objects."""

import logging

import repo_store
from coordination.models import Task
from coordination.queries.repositories import store

log = logging.getLogger(__name__)

LOOSE = 300  # a version adds about four objects


def pack_repositories(*, loose: int = LOOSE) -> int:
    """Pack every repository with at least `loose` loose objects, and return how many that were."""
    packed = 0
    for task_id in Task.objects.exclude(head="").order_by("pk").values_list("pk", flat=True).iterator(chunk_size=2_000):
        try:
            packed += store().pack(task_id, loose=loose)
        except repo_store.RepoError as error:  # the repocheck mends and reports it
            log.warning("%s", error)
    return packed
