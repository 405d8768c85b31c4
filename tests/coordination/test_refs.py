"""After a crash between the row and the ref, the ref follows (P14, B6)."""

import shutil
from pathlib import Path

import pytest

from coordination.actor import SYSTEM
from coordination.models import JobMark, Task
from coordination.operations.files import save_files
from coordination.operations.refs import RefReport
from coordination.operations.refs import repair_refs as repair
from coordination.queries.repositories import store
from tests.worker.cast import let_log_settle, make_task

pytestmark = pytest.mark.django_db(transaction=True)


def repair_refs() -> RefReport:
    let_log_settle()
    return repair()


def ref_of(task: Task) -> Path:
    return store().layout.repository(task.pk) / "refs/heads/main"


def test_a_ref_left_behind_by_a_crash_is_moved_forward() -> None:
    task = make_task(text="First.\n")
    first = task.head
    repair_refs()
    task = save_files(task, {"instructions.md": b"Second.\n"}, base=first, actor=SYSTEM)
    ref_of(task).write_text(first + "\n")
    assert repair_refs().moved == 1
    assert store().tip(task.pk) == task.head


def test_a_ref_that_was_never_made_is_made() -> None:
    task = make_task(text="First.\n")
    ref_of(task).unlink()
    repair_refs()
    assert store().tip(task.pk) == task.head


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    make_task(text="First.\n")
    assert repair_refs().checked == 1
    assert repair_refs().checked == 0


def test_a_save_during_a_long_outage_is_still_looked_at() -> None:
    task = make_task(text="First.\n")
    ref_of(task).unlink()
    JobMark.objects.all().delete()
    assert repair_refs().moved == 1


def test_damage_is_counted_and_does_not_stop_the_others() -> None:
    broken, task = make_task(text="First.\n"), make_task(text="Second.\n")
    shutil.rmtree(store().layout.repository(broken.pk))
    ref_of(task).unlink()
    report = repair_refs()
    assert (report.checked, report.moved, report.faulty) == (2, 1, 1)
