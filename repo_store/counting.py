"""How much two versions differ, in lines; remembered, because versions never change."""

from __future__ import annotations

import threading
from collections import OrderedDict

import pygit2

from repo_store.diffing import WHOLE_COUNT, comparison_of
from repo_store.records import FileCount

MOST_REMEMBERED = 20_000  # files, in all pairs of versions together: some 5 MB


class _Memory:
    """Counts by their pair of versions, the latest used kept. Shared between threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self.counts: OrderedDict[tuple[str | None, str], tuple[FileCount, ...]] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, pair: tuple[str | None, str]) -> tuple[FileCount, ...] | None:
        with self.lock:
            if pair in self.counts:
                self.counts.move_to_end(pair)
            return self.counts.get(pair)

    def keep(self, pair: tuple[str | None, str], counts: tuple[FileCount, ...]) -> None:
        with self.lock:
            if pair not in self.counts:
                self.counts[pair] = counts
                self.held += 1 + len(counts)
            while self.held > self.most:
                _, dropped = self.counts.popitem(last=False)
                self.held -= 1 + len(dropped)


_memory = _Memory(MOST_REMEMBERED)


def counts_between(repository: pygit2.Repository, old: str | None, new: str) -> tuple[FileCount, ...]:
    """Return each file that differs, with its lines added and removed."""
    known = _memory.get((old, new))
    if known is not None:
        return known
    changes = comparison_of(repository, old, new, WHOLE_COUNT).changes
    counts = tuple(FileCount(each.path, each.old_path, each.status, each.additions, each.deletions) for each in changes)
    _memory.keep((old, new), counts)
    return counts
