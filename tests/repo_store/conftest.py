"""A store in a temporary folder, and a writer who keeps its head as the database would."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repo_store import Author, RepoStore, Version, attempt_ref

PAT = Author("Pat Planner", "pat@example.org")
JARED = Author("jared", "jared@agents.localhost")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Writer:
    """Saves versions of one task, one second apart, and remembers the head."""

    store: RepoStore
    task_id: int
    head: str | None = None
    saved: int = 0

    def save(self, changes: Mapping[str, bytes | None], message: str = "Change", author: Author = PAT) -> Version:
        self.saved += 1
        version = self.store.write_version(
            self.task_id,
            head=self.head,
            base=self.head,
            changes=changes,
            author=author,
            message=message,
            when=NOON + timedelta(seconds=self.saved),
        )
        self.head = version.commit
        self.store.advance_ref(self.task_id, version.commit)
        return version

    def seal(self, number: int, files: Mapping[str, bytes | None], parents: Sequence[str]) -> Version:
        """Seal an attempt as the engine does: a commit, and then the branch."""
        ref = attempt_ref(number)
        version = self.store.write_seal(self.task_id, parents=parents, files=files, author=JARED, message="Seal", when=NOON)
        self.store.advance_ref(self.task_id, version.commit, ref)
        return version

    @property
    def path(self) -> Path:
        return self.store.layout.repository(self.task_id)


@pytest.fixture
def store(tmp_path: Path) -> RepoStore:
    return RepoStore(tmp_path / "repos", patience=5)


@pytest.fixture
def writer(store: RepoStore) -> Writer:
    return Writer(store, 42)


@pytest.fixture
def damaged(store: RepoStore) -> Writer:
    """A task with three versions, about to be damaged."""
    writer = Writer(store, 42)
    for n in range(3):
        writer.save({"instructions.md": b"version %d\n" % n, f"context/{n}.md": b"%d" % n})
    return writer


def git(path: Path, *arguments: str) -> str:
    """Run the real git on a repository and return what it printed."""
    done = subprocess.run(["git", *arguments], cwd=path, capture_output=True, text=True, check=True)
    return done.stdout
