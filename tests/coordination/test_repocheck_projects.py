"""Repositories of projects: a damaged plan is written anew, a damaged copy is told to whoever can copy it again."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from coordination.actor import SYSTEM
from coordination.models import Event, Project, ProjectRepository
from coordination.operations.repocheck import check_everything
from coordination.operations.serving import ready_plan
from coordination.operations.sources import add_repository
from coordination.queries.repositories import plan_store, sources, store
from tests.coordination.test_repocheck import DAMAGE
from tests.worker.cast import make_task

pytestmark = pytest.mark.django_db(transaction=True)
STORES = (store, plan_store, sources)


@pytest.fixture(autouse=True)
def _own_stores(tmp_path: Path) -> Iterator[None]:
    before, settings.REPO_ROOT = settings.REPO_ROOT, tmp_path / "repos"
    for each in STORES:
        each.cache_clear()
    yield
    settings.REPO_ROOT = before
    for each in STORES:
        each.cache_clear()


@pytest.fixture
def project() -> Project:
    project = make_task(text="Write the manual.\n").project
    ready_plan(project)
    project.refresh_from_db()
    return project


@pytest.fixture
def copy(project: Project, tmp_path: Path) -> ProjectRepository:
    origin = tmp_path / "origin"
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-C", str(origin)]
    origin.mkdir()
    (origin / "style.md").write_text("Short sentences.\n")
    for command in (
        ["init", "-q", "-b", "main"],
        ["branch", "-q", "-M", "main"],
        ["add", "."],
        ["commit", "-q", "-m", "Begin"],
        ["branch", "next"],
    ):
        subprocess.run([*git, *command], check=command[0] != "branch", capture_output=True)
    return add_repository(project, "handbook", origin, actor=SYSTEM)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_plan_is_found_and_the_next_reader_gets_a_whole_one(project: Project, damage: Callable[[Path], object]) -> None:
    before = plan_store().read_files(project.pk, project.plan_head)
    damage(plan_store().layout.repository(project.pk))

    assert check_everything(repair=False).left
    assert not check_everything(repair=True).left

    project.refresh_from_db()
    ready_plan(project)
    project.refresh_from_db()
    assert plan_store().read_files(project.pk, project.plan_head) == before
    assert not check_everything(repair=False).faults


def test_healthy_repositories_of_a_project_have_no_findings(copy: ProjectRepository) -> None:
    report = check_everything(repair=True)
    assert (report.repositories, report.faults) == (3, [])


def test_a_lost_copy_is_reported_with_the_command_that_mends_it(copy: ProjectRepository) -> None:
    shutil.rmtree(sources().layout.repository(copy.pk))
    report = check_everything(repair=True)
    [fault] = report.left
    assert (fault.noun, fault.code) == ("copy", "missing")
    assert f"manage.py addrepository {copy.project.slug} handbook" in fault.sentence
    assert Event.objects.get(kind="repo.finding").project_id == copy.project_id
