"""Importing a plan again: what it would do, that it does just that, and that a project comes back from its own export."""

from collections.abc import Mapping

import pytest

from coordination.actor import Actor
from coordination.errors import CycleRefused, Invalid, ScopeMissing
from coordination.models import Event, Project, Task
from coordination.operations.plan_updates import preview_plan, update_plan
from coordination.operations.plans import import_plan
from coordination.operations.tasks import cancel
from coordination.plan_writing import write_plan
from coordination.queries.access import EVERY_PROJECT, Caller, Permission
from coordination.queries.planned import planned
from tests.coordination.a_plan import SHOP_MOVE

PAT = Actor("person", None, "pat")
PLANNER = Caller(PAT, {EVERY_PROJECT: Permission.PLAN})
ADMIN = Caller(PAT, {EVERY_PROJECT: Permission.ADMIN})


@pytest.fixture
def shop(db: None) -> Project:
    return import_plan("shop", SHOP_MOVE, actor=PAT).project


def exported(project: Project) -> dict[str, bytes]:
    return write_plan(planned(Project.objects.get(pk=project.pk)).plan)


def retitled(files: Mapping[str, bytes], task: Task, title: str) -> dict[str, bytes]:
    """Return the files with another title for one task."""
    (path,) = [path for path in files if f"key: {task.key}\n".encode() in files[path] and "/task-" in path]
    return {**files, path: files[path].replace(f"title: {task.title}".encode(), f"title: {title}".encode(), 1)}


def test_the_plan_that_was_imported_changes_nothing(shop: Project) -> None:
    diff = preview_plan(shop, SHOP_MOVE, caller=PLANNER)
    assert (diff.changes, diff.absent) == ([], [])


def test_a_project_comes_back_from_its_own_export(shop: Project) -> None:
    files = exported(shop)
    assert preview_plan(shop, files, caller=PLANNER).changes == []
    again = import_plan("copy", {**files, "plan.md": files["plan.md"].replace(b"slug: shop", b"slug: copy")}, actor=PAT).project
    assert exported(again) == {**files, "plan.md": files["plan.md"].replace(b"slug: shop", b"slug: copy")}


def test_a_preview_changes_nothing(shop: Project) -> None:
    events = Event.objects.count()
    preview_plan(shop, {**exported(shop), "phase-09-more/task-01-new.md": b"# New\n\nDo it.\n"}, caller=PLANNER)
    assert Event.objects.count() == events


def test_what_is_new_is_made_and_what_differs_is_changed(shop: Project) -> None:
    task = Task.objects.filter(project=shop).order_by("pk").first()
    assert task is not None
    files = retitled(exported(shop), task, "Another title")
    files["phase-09-more/task-01-new.md"] = f"---\nneeds: [{task.key}]\n---\n# New\n\nDo it.\n".encode()
    expected = preview_plan(shop, files, caller=PLANNER)
    assert update_plan(shop, files, caller=PLANNER) == expected
    assert sorted((change.noun, change.is_new) for change in expected.changes) == [("phase", True), ("task", False), ("task", True)]
    task.refresh_from_db()
    assert task.title == "Another title"
    new = Task.objects.get(project=shop, key="new")
    assert [edge.on_id for edge in new.dependencies.all()] == [task.pk]
    assert preview_plan(shop, files, caller=PLANNER).changes == []


def test_changed_instructions_are_a_new_version(shop: Project) -> None:
    task = Task.objects.filter(project=shop, files__path="instructions.md").order_by("pk")[0]
    files = exported(shop)
    (path,) = [path for path in files if f"key: {task.key}\n".encode() in files[path] and "/task-" in path]
    files[path] += b"\nAnd say so.\n"
    (change,) = update_plan(shop, files, caller=PLANNER).changes
    assert change.fields["files"] == [[], ["instructions.md"]]
    head = task.head
    task.refresh_from_db()
    assert task.head != head


def test_what_the_plan_leaves_out_is_left_alone_and_said(shop: Project) -> None:
    files = exported(shop)
    gone = next(path for path in sorted(files) if "/task-" in path and path.endswith(".md"))
    key = files[gone].decode().partition("key: ")[2].partition("\n")[0]
    rest = {path: content for path, content in files.items() if not path.startswith(gone[:-3])}
    rest = {path: content.replace(f"- {key}\n".encode(), b"") for path, content in rest.items()}
    assert key in preview_plan(shop, rest, caller=PLANNER).absent
    update_plan(shop, rest, caller=PLANNER)
    assert Task.objects.filter(project=shop, key=key).exists()


def test_a_mistake_anywhere_leaves_everything_as_it_was(shop: Project) -> None:
    first = Task.objects.filter(project=shop).order_by("pk")[0]
    files = retitled(exported(shop), first, "Another title") | {"phase-09-more/task-01-new.md": b"---\npriority: 900\n---\n"}
    before = exported(shop)
    with pytest.raises(Invalid):
        update_plan(shop, files, caller=PLANNER)
    assert exported(shop) == before


def test_a_circle_is_refused_as_a_whole(shop: Project) -> None:
    first, second = Task.objects.filter(project=shop).order_by("pk")[:2]
    files = exported(shop)
    for task, other in ((first, second), (second, first)):
        (path,) = [path for path in files if f"key: {task.key}\n".encode() in files[path] and "/task-" in path]
        lines = [line for line in files[path].decode().split("\n") if not line.startswith(("needs:", "- ", "after:"))]
        lines.insert(1, f"needs: [{other.key}]")
        files[path] = "\n".join(lines).encode()
    before = exported(shop)
    with pytest.raises(CycleRefused):
        update_plan(shop, files, caller=PLANNER)
    assert exported(shop) == before


def test_a_task_that_was_cancelled_is_not_exported(shop: Project) -> None:
    task = Task.objects.filter(project=shop).order_by("-pk")[0]
    cancel(task, actor=PAT)
    assert not any(f"key: {task.key}\n".encode() in content for content in exported(shop).values())


def test_a_planners_plan_changes_the_columns_and_leaves_the_other_settings_to_an_admin(shop: Project) -> None:
    files = exported(shop)
    columns = {**files, "plan.md": files["plan.md"].replace(b"---\n", b"---\nwip_limits: {progress: 4}\n", 1)}
    assert update_plan(shop, columns, caller=PLANNER).settings == {"wip_limits": [{}, {"progress": 4}]}
    settings = {**columns, "plan.md": columns["plan.md"].replace(b"lease_ttl: 30", b"lease_ttl: 60", 1)}
    for act in (preview_plan, update_plan):
        with pytest.raises(ScopeMissing, match="Changing lease_ttl needs the admin role in this project"):
            act(shop, settings, caller=PLANNER)
    assert Project.objects.get(pk=shop.pk).lease_ttl == 30
    assert update_plan(shop, settings, caller=ADMIN).settings == {"lease_ttl": [30, 60]}
