"""Many writers, many threads, many operations, and what the disk has been told."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from repo_store import RepoStore, StaleBase, StoreUnavailable
from tests.repo_store.conftest import JARED, PAT, Writer, git
from tests.servers.process import LONG

PROCESSES, COMMITS = 4, 50


def save_until_done(root: str, database: str, name: str) -> None:
    """Save one file fifty times, with a database row as the truth, starting over whenever somebody was faster."""
    store = RepoStore(Path(root), patience=60)
    rows = sqlite3.connect(database, timeout=60, isolation_level=None)
    done = 0
    while done < COMMITS:
        base = rows.execute("SELECT sha FROM head").fetchone()[0]
        text = f"{name} {done}\n".encode()
        try:
            head = rows.execute("SELECT sha FROM head").fetchone()[0]
            version = store.write_version(
                1, head=head, base=base, changes={f"context/{name}.md": text}, author=JARED, message=f"{name} {done}"
            )
        except StaleBase:
            continue
        if rows.execute("UPDATE head SET sha = ? WHERE sha = ?", (version.commit, head)).rowcount == 1:
            store.advance_ref(1, version.commit)
            done += 1


def test_four_processes_lose_no_update(tmp_path: Path) -> None:
    store = RepoStore(tmp_path / "repos")
    writer = Writer(store, 1)
    writer.save({"instructions.md": b"x"})
    with sqlite3.connect(tmp_path / "head.db") as rows:
        rows.execute("CREATE TABLE head (sha TEXT)")
        rows.execute("INSERT INTO head VALUES (?)", (writer.head,))
    rows.close()
    spawned = multiprocessing.get_context("spawn")
    names = [f"writer{n}" for n in range(PROCESSES)]
    children = [spawned.Process(target=save_until_done, args=(str(tmp_path / "repos"), str(tmp_path / "head.db"), name)) for name in names]
    for child in children:
        child.start()
    for child in children:
        child.join(LONG)
    assert [child.exitcode for child in children] == [0] * PROCESSES
    subjects = git(writer.path, "log", "--format=%s", "main").splitlines()
    assert sorted(subjects[:-1]) == sorted(f"{name} {n}" for name in names for n in range(COMMITS))
    assert store.check_repo(1, git(writer.path, "rev-parse", "main").strip()) == []


def test_threads_share_a_store(store: RepoStore) -> None:
    version = Writer(store, 1).save({"instructions.md": b"shared\n"})
    wrong: list[object] = []

    def work(task_id: int) -> None:
        try:
            writer = Writer(store, task_id)
            for n in range(20):
                writer.save({"instructions.md": b"%d %d\n" % (task_id, n)})
                if store.read_file(task_id, writer.head or "", "instructions.md") != b"%d %d\n" % (task_id, n):
                    wrong.append((task_id, n))
                store.diff(1, None, version.commit)
                store.blame(1, version.commit, "instructions.md")
        except BaseException as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=work, args=(task_id,)) for task_id in range(2, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert wrong == []


def held() -> tuple[int, int, int]:
    """Return this process's open files, children and resident memory in KiB."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(os.listdir("/proc/self/fd")), len(children), pages * resource.getpagesize() // 1024


def test_ten_thousand_operations_leave_nothing_open(store: RepoStore) -> None:
    writer = Writer(store, 42)
    first = writer.save({"instructions.md": b"start\n", "context/a.md": b"a\n"})

    def round_of_ten(n: int) -> None:
        head = writer.head or ""
        if n % 20 == 0:
            writer.save({"instructions.md": b"round %d\n" % n})
        for _ in range(3):
            store.read_file(42, head, "context/a.md")
        store.list_files(42, head)
        store.history(42, head, limit=5)
        store.diff(42, first.commit, head)
        store.unified_diff(42, first.commit, head)
        store.archive(42, head)
        store.tip(42)
        if n % 100 == 0:
            store.check_repo(42, head)
            store.blame(42, head, "instructions.md")
            Writer(store, 1000 + n).save({"instructions.md": b"new\n"})

    for n in range(200):
        round_of_ten(n)
    before = held()
    for n in range(200, 1200):
        round_of_ten(n)
    after = held()
    assert (after[0], after[1]) == (before[0], before[1])
    assert after[2] - before[2] < 8 * 1024


SAVE = """
import os, sys
from pathlib import Path
from repo_store import Author, RepoStore, attempt_ref
store, ada = RepoStore(Path(sys.argv[1])), Author("ada", "ada@example.org")
first = store.write_version(1, head=None, base=None, changes={"instructions.md": b"one"}, author=ada, message="one")
store.advance_ref(1, first.commit)
os.write(1, b"BEGIN\\n")
second = store.write_version(1, head=first.commit, base=first.commit, changes={"context/b/c.md": b"two"}, author=ada, message="two")
os.write(1, b"WRITTEN\\n")
store.advance_ref(1, second.commit)
os.write(1, b"MOVED\\n")
sealed = store.write_seal(1, parents=[second.commit], files={"result.json": b"{}"}, author=ada, message="seal")
store.advance_ref(1, sealed.commit, attempt_ref(1))
os.write(1, b"SEALED\\n")
"""


def test_every_object_and_branch_is_synced_before_the_call_returns(tmp_path: Path) -> None:
    assert shutil.which("strace"), "Install strace: apt-get install strace"
    trace = tmp_path / "trace"
    calls = "trace=openat,link,linkat,rename,renameat,mkdir,fsync,fdatasync,write,execve,clone,clone3,vfork,fork"
    subprocess.run(
        ["strace", "-f", "-y", "-o", str(trace), "-e", calls, sys.executable, "-c", SAVE, str(tmp_path / "repos")],
        check=True,
        cwd=Path.cwd(),
    )
    text = trace.read_text()
    save = text[text.index("BEGIN") : text.index("WRITTEN")]
    move = text[text.index("WRITTEN") : text.index("MOVED")]
    seal = text[text.index("MOVED") : text.index("SEALED")]
    assert not re.search(r"\b(execve|v?fork|clone3?)\(", save + move + seal)
    for part in (save, move, seal):
        assert unsynced(part) == []
    assert len(re.findall(r"link\(", save)) == 5
    assert len(re.findall(r"heads/main\"", move)) > 0


def unsynced(part: str) -> list[str]:
    """Return what got a name in this stretch of a trace and was not synced: the content before, the folder after."""
    missing: list[str] = []
    for made in re.finditer(r'(?:link|rename)\("([^"]+)", "([^"]+)"\)', part):
        source, target = made.groups()
        if f"<{source}>)" not in "".join(re.findall(r"fsync\(\d+(<[^>]+>\))", part[: made.start()])):
            missing.append(f"content of {target}")
        if not synced_after(part, made.end(), target.rsplit("/", 1)[0]):
            missing.append(f"name of {target}")
    for made in re.finditer(r'mkdir\("([^"]+)", 0\d+\)\s+= 0', part):
        folder = made.group(1).rstrip("/").rsplit("/", 1)[0]
        if not synced_after(part, made.end(), folder):
            missing.append(f"name of {made.group(1)}")
    return missing


def synced_after(part: str, position: int, folder: str) -> bool:
    return re.search(r"fsync\(\d+<" + re.escape(folder) + r">\)\s+= 0", part[position:]) is not None


FULL = """
import resource, signal, sys
from pathlib import Path
from repo_store import Author, RepoStore, StoreUnavailable
store, ada = RepoStore(Path(sys.argv[1])), Author("ada", "ada@example.org")
first = store.write_version(1, head=None, base=None, changes={"instructions.md": b"one"}, author=ada, message="one")
store.advance_ref(1, first.commit)
import os
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    store.write_version(1, head=first.commit, base=first.commit, changes={"context/a": os.urandom(90_000)}, author=ada, message="two")
except StoreUnavailable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
second = store.write_version(1, head=first.commit, base=first.commit, changes={"context/a": b"small"}, author=ada, message="two")
store.advance_ref(1, second.commit)
print([finding.code for finding in store.check_repo(1, second.commit)])
print([name for _, _, names in os.walk(sys.argv[1]) for name in names if "tmp" in name])
"""


def test_a_disk_that_refuses_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True, cwd=Path.cwd())
    message, findings, leftovers = done.stdout.splitlines()
    assert message.startswith("The repository store cannot be used: ")
    assert (findings, leftovers) == ("[]", "[]")


def test_a_store_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="REPO_ROOT"):
        RepoStore(tmp_path / "file" / "repos").write_version(
            1, head=None, base=None, changes={"instructions.md": b"x"}, author=PAT, message="m"
        )
