"""What a clone proves by itself, and what it cannot be made to say."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.git_http.cast import Clone, Shop, run_git
from tests.servers.muster import ROOT

SCRIPT = ROOT / "scripts" / "verify_task.py"


def verify(clone: Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(clone)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def finished(shop: Shop, task: int, tmp_path: Path) -> int:
    """A task with a pushed and sealed attempt, a failed one, and a late result."""
    first = shop.claim(task)
    clone = shop.clone(task, "fleet", tmp_path / "work")
    clone.commit_files({"src/main.py": "print()\n"}, "Work")
    assert clone.push("-o", f"lease={first['lease_token']}", "origin", "HEAD:refs/heads/attempts/1").succeeded
    shop.api("POST", f"/tasks/{task}/fail", {"lease_token": first["lease_token"], "error": "It broke.", "retryable": False}, key="fleet")
    shop.api("POST", f"/tasks/{task}/requeue", {})
    second = shop.claim(task)
    body = {"lease_token": second["lease_token"], "result": "It is built.", "report": "# Built"}
    shop.api("POST", f"/tasks/{task}/complete", body, key="fleet")
    return task


def test_a_clone_tells_the_whole_story(shop: Shop, finished: int, tmp_path: Path) -> None:
    head = shop.head(finished)[:10]
    for options in ((), ("--mirror",)):
        clone = shop.clone(finished, "vera", tmp_path / f"c{len(options)}", *options)
        code, told = verify(clone.path)
        assert code == 0, told
        assert f"attempt 1: jared (fence 1) worked from instructions {head}, pushed 1 commits, ended failed: 'It broke.'" in told
        assert f"worked from instructions {head}, pushed 0 commits, ended done: 'It is built.'" in told
        assert "2 attempts, all as they say." in told


def test_the_server_says_the_same(shop: Shop, finished: int) -> None:
    assert "Repository and database agree." in shop.server.manage("verify", str(finished))


def forge(clone: Clone, files: dict[str, str], *, committer: str = "Muster", mail: str = "muster@localhost") -> None:
    """Put another commit in the place of the seal of attempt 2, with the same message."""
    message = clone.git("show", "-s", "--format=%B", "attempts/2")
    clone.git("checkout", "-q", "-B", "forged", "attempts/2~1")
    clone.git("checkout", "-q", "attempts/2", "--", ".")
    for name, text in files.items():
        (clone.path / name).write_text(text)
    clone.git("add", "-A")
    tree, parent = clone.git("write-tree"), clone.git("rev-parse", "HEAD")
    forged = f"tree {tree}\nparent {parent}\nauthor jared <{mail}> 0 +0000\ncommitter {committer} <{mail}> 0 +0000\n\n{message}\n"
    sha = clone.git("hash-object", "-t", "commit", "-w", "--stdin", text=forged)
    clone.git("update-ref", "refs/remotes/origin/attempts/2", sha)


def test_an_altered_story_is_false(shop: Shop, finished: int, tmp_path: Path) -> None:
    whole = shop.clone(finished, "vera", tmp_path / "whole")
    whole.git("branch", "-q", "attempts/2", "origin/attempts/2")
    told = json.loads(whole.git("show", "attempts/2:result.json"))
    forgeries = {
        "report.md is not the file": {"report.md": "# Nothing"},
        "its message says": {"result.json": json.dumps(told | {"agent": "jean"})},
        "did not grow from": {"result.json": json.dumps(told | {"instruction_commit": "1" * 40})},
        "is not named by the result": {"extra.md": "x"},
    }
    for number, (word, files) in enumerate(forgeries.items()):
        clone = Clone(Path(shutil.copytree(whole.path, tmp_path / str(number))))
        forge(clone, files)
        code, said = verify(clone.path)
        assert (code, word in said) == (1, True), said


def test_a_seal_of_somebody_else_is_none(shop: Shop, finished: int, tmp_path: Path) -> None:
    clone = shop.clone(finished, "vera", tmp_path / "c")
    clone.git("update-ref", "refs/remotes/origin/attempts/2", "origin/main")
    code, told = verify(clone.path)
    assert (code, "does not end with a commit that Muster sealed" in told) == (1, True)


def test_what_is_no_clone_is_refused(tmp_path: Path) -> None:
    assert run_git(tmp_path, "status").returncode != 0
    assert verify(tmp_path)[0] == 1
