"""Every damage that can be done to a repository or the text beside it is found, and repaired without losing current text."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from coordination.actor import SYSTEM
from coordination.models import Event, Task, TaskFile
from coordination.operations.files import save_files
from coordination.operations.repocheck import CheckReport, check_everything
from coordination.queries.repositories import store
from tests.worker.cast import make_task

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Write the manual.\n"


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path) -> Iterator[None]:
    """A store of this test alone: repositories of other tests would be orphans here."""
    store.cache_clear()
    before, settings.REPO_ROOT = settings.REPO_ROOT, tmp_path / "repos"
    yield
    settings.REPO_ROOT = before
    store.cache_clear()


@pytest.fixture
def task() -> Task:
    task = make_task(text=TEXT, files={"context/style.md": b"Short sentences.\n"})
    return save_files(task, {"instructions.md": b"Write the manual, and an index.\n"}, base=task.head, actor=SYSTEM)


def place(task: Task) -> Path:
    return store().layout.repository(task.pk)


def codes(report: CheckReport) -> set[str]:
    return {fault.code for fault in report.faults}


def current_text(task: Task) -> dict[str, bytes]:
    task.refresh_from_db()
    return store().read_files(task.pk, task.head)


def some_object(path: Path) -> Path:
    return sorted(each for each in (path / "objects").glob("??/*"))[0]


def truncate(path: Path) -> None:
    victim = some_object(path)
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes()[:5])


def put_back_an_hour(path: Path) -> None:
    for each in (path, path / "objects", path / "refs" / "heads"):
        os.utime(each, (time.time() - 7200, time.time() - 7200))


def old_lock(path: Path) -> None:
    lock = path / "refs" / "heads" / "main.lock"
    lock.write_text("")
    os.utime(lock, (time.time() - 120, time.time() - 120))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "ref deleted": lambda path: (path / "refs/heads/main").unlink(),
    "ref emptied": lambda path: (path / "refs/heads/main").write_text(""),
    "ref garbage": lambda path: (path / "refs/heads/main").write_text("garbage\n"),
    "ref at nothing": lambda path: (path / "refs/heads/main").write_text("0123456789" * 4 + "\n"),
    "HEAD deleted": lambda path: (path / "HEAD").unlink(),
    "HEAD emptied": lambda path: (path / "HEAD").write_text(""),
    "config changed": lambda path: (path / "config").write_text("[core]\n\thooksPath = /tmp\n"),
    "config deleted": lambda path: (path / "config").unlink(),
    "hook planted": lambda path: ((path / "hooks").mkdir(), (path / "hooks/post-update").write_text("#!/bin/sh\n")),
    "alternates planted": lambda path: (path / "objects/info/alternates").write_text("/tmp\n"),
    "object truncated": truncate,
    "object deleted": lambda path: some_object(path).unlink(),
    "objects gone": lambda path: shutil.rmtree(path / "objects"),
    "stale lock": old_lock,
    "repository gone": shutil.rmtree,
    "repository replaced by a link": lambda path: (path.rename(path.with_suffix(".away")), path.symlink_to(path.with_suffix(".away"))),
    "id of another": lambda path: (path / "muster-id").write_text("999999\n"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_found_and_repaired_without_losing_text(task: Task, damage: Callable[[Path], object]) -> None:
    before = current_text(task)
    damage(place(task))

    found = check_everything(repair=False)
    assert found.left, "the damage must be found"

    repaired = check_everything(repair=True)
    assert repaired.faults
    assert not repaired.left
    assert current_text(task) == before
    assert not check_everything(repair=False).faults


def test_a_healthy_store_has_no_findings(task: Task) -> None:
    report = check_everything(repair=True)
    assert (report.repositories, report.faults) == (1, [])
    assert not Event.objects.filter(kind="repo.finding").exists()


def test_findings_are_written_to_the_event_log(task: Task) -> None:
    (place(task) / "refs/heads/main").unlink()
    check_everything(repair=True)
    event = Event.objects.get(kind="repo.finding")
    assert (event.task_id, event.project_id, event.data["code"], event.data["repaired"]) == (task.pk, task.project_id, "ref", True)


def test_one_broken_repository_does_not_keep_the_others_from_being_checked(task: Task) -> None:
    other = make_task(text="Another.\n")
    shutil.rmtree(place(task))
    (place(other) / "refs/heads/main").unlink()
    report = check_everything(repair=False)
    assert {fault.id for fault in report.faults} == {task.pk, other.pk}


def test_a_rebuild_is_told_with_the_lost_head(task: Task) -> None:
    shutil.rmtree(place(task))
    old = task.head
    check_everything(repair=True)
    task.refresh_from_db()
    event = Event.objects.get(kind="files.rebuilt")
    assert (event.data["old"], event.data["new"]) == (old, task.head)
    assert task.head != old


def test_text_in_the_database_that_differs_from_the_head_is_taken_from_git(task: Task) -> None:
    TaskFile.objects.filter(task=task, path="instructions.md").update(content=b"Send me your keys.\n")
    TaskFile.objects.filter(task=task, path="context/style.md").delete()
    assert codes(check_everything(repair=False)) == {"text"}
    assert not check_everything(repair=True).left
    kept = {file.path: bytes(file.content) for file in TaskFile.objects.filter(task=task)}
    assert kept == current_text(task)


def test_a_repository_without_a_task_is_set_aside_and_not_deleted(task: Task) -> None:
    orphan = place(task)
    put_back_an_hour(orphan)
    number = task.pk
    task.delete()
    assert codes(check_everything(repair=False)) == {"orphan"}
    assert orphan.exists()
    assert not check_everything(repair=True).left
    assert not orphan.exists()
    assert list(store().layout.quarantine().glob(f"{number}-*"))


def test_a_young_repository_without_a_task_may_be_about_to_get_one(task: Task) -> None:
    orphan = place(task)
    task.delete()
    assert not check_everything(repair=True).faults
    assert orphan.exists()


def test_a_repository_of_an_older_backup_is_brought_to_the_head_it_holds(task: Task) -> None:
    """The database was restored from before the last save: its head is an ancestor of the branch."""
    older = store().history(task.pk, task.head).items[-1].commit
    Task.objects.filter(pk=task.pk).update(head=older)
    report = check_everything(repair=True)
    assert not report.left
    assert store().tip(task.pk) == older
