"""Transfers larger than memory should hold, and pushes that unfold to more than anything should."""

import random
import time
from pathlib import Path

import pytest

from tests.git_http.cast import Clone, Shop
from tests.repo_store.hostile_trees import FILE, bomb, commit_tree, context

MEGABYTE = 1_000_000
GROWTH = 30_000  # kilobytes
IN_TIME = 120  # seconds, which a busy machine may need for what takes two


def children_of(pid: int) -> list[int]:
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal() and parent_of(path) == pid]
    return found + [below for child in found for below in children_of(child)]


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Memory:
    """The most memory, in kilobytes, that the server's own processes have used since `__init__`."""

    def __init__(self, shop: Shop) -> None:
        assert shop.server.process is not None
        self.pids = [shop.server.process.pid, *children_of(shop.server.process.pid)]
        for pid in self.pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        self.before = self._read("VmRSS")

    def growth(self) -> int:
        return max(high - low for high, low in zip(self._read("VmHWM"), self.before, strict=True))

    def _read(self, name: str) -> list[int]:
        return [int(Path(f"/proc/{pid}/status").read_text().partition(f"{name}:")[2].split()[0]) for pid in self.pids]


@pytest.mark.once("postgres", "what is asked of its driver is more than of SQLite's, and the rest is git")
def test_a_repository_of_100_megabytes_is_pushed_and_cloned_without_being_held_in_memory(
    shop: Shop, task: int, tmp_path: Path, pats: Clone
) -> None:
    noise = random.Random(7)
    pats.git("config", "core.compression", "0")
    memory = Memory(shop)
    for push in range(2):
        for version in range(3):
            files = {f"context/{number}.bin": noise.randbytes(MEGABYTE) for number in range(17)}
            pats.commit_files(files, f"Version {push}.{version}")
        assert pats.push().succeeded
    pushed = memory.growth()
    memory = Memory(shop)
    clone = shop.clone(task, "vera", tmp_path / "c", "--bare")
    assert sum(path.stat().st_size for path in clone.path.rglob("*.pack")) > 100 * MEGABYTE
    assert memory.growth() < GROWTH
    # The text of one version is kept in the database too, so it passes through; PostgreSQL's driver writes it out in hexadecimal.
    assert pushed < 250_000


@pytest.mark.once("sqlite", "the push is refused before the database hears of it")
def test_a_blob_of_300_megabytes_in_a_small_pack_is_refused_in_time(shop: Shop, task: int, pats: Clone) -> None:
    with (pats.path / "context" / "zeros").open("wb") as file:
        file.truncate(300 * MEGABYTE)
    pats.git("add", "-A")
    pats.git("commit", "-qm", "Zeros")
    memory, start = Memory(shop), time.monotonic()
    pushed = pats.push()
    assert not pushed.succeeded
    assert "300,000,000 bytes" in pushed.remote
    assert time.monotonic() - start < IN_TIME
    assert memory.growth() < GROWTH


@pytest.mark.once("sqlite", "the push is refused before the database hears of it")
def test_a_bomb_of_folders_is_refused_in_time(shop: Shop, task: int, pats: Clone) -> None:
    commit = commit_tree(pats.path, bomb(10, 10), parent=pats.git("rev-parse", "HEAD"))
    start = time.monotonic()
    assert not pats.push("origin", f"{commit}:refs/heads/main").succeeded
    assert time.monotonic() - start < IN_TIME


def test_a_history_of_too_many_commits_is_refused(shop: Shop, task: int, pats: Clone) -> None:
    lines = "".join(
        f"commit refs/heads/long\ncommitter Pat <pat@example.org> {1_700_000_000 + number} +0000\ndata 1\nx\n"
        + ("from refs/heads/main^0\n" if number == 0 else "")
        + f"M 100644 inline context/a.md\ndata {len(str(number))}\n{number}\n\n"
        for number in range(1001)
    )
    pats.git("fast-import", "--quiet", text=lines)
    assert "more than 1,000 commits" in pats.push("origin", "long:main").remote


def test_many_branches_at_once_are_refused(shop: Shop, task: int, pats: Clone) -> None:
    told = pats.push("origin", *(f"HEAD:refs/heads/x{number}" for number in range(1100))).told
    assert "at most 10 branches" in told


def test_what_a_refused_push_brought_is_gone(shop: Shop, task: int, pats: Clone) -> None:
    commit = commit_tree(pats.path, context((FILE, b".gitmodules", b"x")), parent=pats.git("rev-parse", "HEAD"))
    assert not pats.push("origin", f"{commit}:refs/heads/main").succeeded
    (repository,) = shop.server.home.glob(f"repos/*/*/{task}.git")
    assert list(repository.rglob("*incoming*")) == []
    assert list((repository / "objects" / "pack").iterdir()) == []
