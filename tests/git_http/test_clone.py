"""Reading a task's repository with git."""

import gzip
from pathlib import Path

import pytest

from tests.git_http.cast import Shop, run_git


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_it_clones_with_every_version_of_the_protocol(shop: Shop, task: int, tmp_path: Path, version: str) -> None:
    clone = shop.clone(task, "vera", tmp_path / "c", f"protocol.version={version}")
    assert (clone.path / "context/a.md").read_text() == "one\n"
    assert clone.git("rev-parse", "HEAD") == shop.head(task)


@pytest.mark.parametrize("version", ["0", "2"])
def test_it_clones_a_part_of_the_history_and_deepens_it(shop: Shop, task: int, tmp_path: Path, version: str) -> None:
    first = shop.head(task)
    shop.api("PUT", f"/tasks/{task}/files/context/a.md", {"content": "two\n", "base": first})
    clone = shop.clone(task, "vera", tmp_path / "c", "--depth=1", f"protocol.version={version}")
    assert clone.git("rev-list", "--count", "HEAD") == "1"
    clone.git("fetch", "-q", "--unshallow")
    assert clone.git("rev-list", "--count", "HEAD") == "2"


@pytest.mark.parametrize("version", ["0", "2"])
def test_it_clones_without_contents_and_fetches_them_when_they_are_read(shop: Shop, task: int, tmp_path: Path, version: str) -> None:
    clone = shop.clone(task, "vera", tmp_path / "c", "--filter=blob:none", "--no-checkout", f"protocol.version={version}")
    assert "?" in clone.git("rev-list", "--objects", "--missing=print", "HEAD")
    assert clone.git("-c", f"protocol.version={version}", "show", "HEAD:context/a.md") == "one"


def test_a_task_without_files_is_an_empty_repository(shop: Shop, tmp_path: Path) -> None:
    clone = shop.clone(shop.task(instructions=""), "vera", tmp_path / "c")
    assert clone.git("rev-list", "--all") == ""


def test_the_address_may_name_the_project(shop: Shop, task: int, tmp_path: Path) -> None:
    done = run_git(tmp_path, "ls-remote", shop.url(task, "vera", project="shop"))
    assert shop.head(task) in done.stdout


def test_a_packed_question_is_unpacked(shop: Shop, task: int) -> None:
    asked = f"0032want {shop.head(task)}\n00000009done\n".encode()
    headers = shop.basic("vera") | {"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"}
    status, _, body = shop.http("POST", f"/git/tasks/{task}.git/git-upload-pack", headers, gzip.compress(asked))
    assert (status, body[:8]) == (200, b"0008NAK\n")


def test_a_question_that_unpacks_to_a_bomb_is_refused(shop: Shop, task: int) -> None:
    headers = shop.basic("vera") | {"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"}
    bomb = gzip.compress(b"0" * 50_000_000)
    status, _, body = shop.http("POST", f"/git/tasks/{task}.git/git-upload-pack", headers, bomb)
    assert (status, b"longer than" in body) == (413, True)


def test_a_question_that_is_not_gzip_at_all_is_refused(shop: Shop, task: int) -> None:
    headers = shop.basic("vera") | {"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"}
    assert shop.http("POST", f"/git/tasks/{task}.git/git-upload-pack", headers, b"no gzip")[0] == 400
