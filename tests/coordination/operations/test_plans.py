"""Importing a plan: what a directory turns into, and that a mistake anywhere leaves nothing behind."""

import shutil
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from coordination.actor import Actor
from coordination.errors import Conflict, CycleRefused, Invalid
from coordination.lifecycle import DependencyKind, Gate, PhaseState, ReviewPolicy, State
from coordination.models import Event, Phase, Project, Task
from coordination.operations.agents import register
from coordination.operations.keys import create_key
from coordination.operations.phases import create_phase
from coordination.operations.plans import import_plan
from coordination.operations.projects import create_project
from coordination.queries.brief import draft_brief
from tests.coordination.a_plan import SHOP_MOVE
from tests.servers.muster import ROOT

PAT = Actor("person", None, "pat")
PLANS = ROOT / "examples" / "plans"


@pytest.fixture
def plan() -> dict[str, bytes]:
    """A small plan that is right; tests change one thing in it."""
    return dict(SHOP_MOVE)


def _refused(plan: Mapping[str, bytes], slug: str = "shop") -> Invalid:
    with pytest.raises(Invalid) as refusal:
        import_plan(slug, plan, actor=PAT)
    assert not Project.objects.exists()
    assert not Task.objects.exists()
    assert not Event.objects.exists()
    return refusal.value


@pytest.mark.django_db
def test_it_makes_the_project_its_phases_and_its_tasks(plan: dict[str, bytes]) -> None:
    made = import_plan("shop", plan, actor=PAT)
    assert made.is_new_project
    assert (made.project.name, made.project.lease_ttl, made.project.description) == ("Shop move", 30, "Move the shop.\n")
    assert [phase.name for phase in made.phases] == ["Prepare", "Move"]
    assert list(made.tasks) == ["inventory", "freeze", "copy-orders", "undo"]
    assert [task.title for task in made.tasks.values()] == ["Count the tables", "Freeze", "Copy", "Undo"]


@pytest.mark.django_db
def test_what_can_be_done_is_queued_and_the_rest_waits(plan: dict[str, bytes]) -> None:
    tasks = import_plan("shop", plan, actor=PAT).tasks
    assert {key: Task.objects.get(pk=task.pk).state for key, task in tasks.items()} == {
        "inventory": State.QUEUED,
        "freeze": State.WAITING,
        "copy-orders": State.WAITING,
        "undo": State.WAITING,
    }
    assert list(Phase.objects.values_list("state", "gate")) == [
        (PhaseState.ACTIVE, Gate.AUTO),
        (PhaseState.PLANNED, Gate.APPROVAL),
    ]


@pytest.mark.django_db
def test_needs_and_after_become_dependencies_of_their_kind(plan: dict[str, bytes]) -> None:
    tasks = import_plan("shop", plan, actor=PAT).tasks
    kinds = {key: list(task.dependencies.values_list("on", "kind")) for key, task in tasks.items()}
    assert kinds == {
        "inventory": [],
        "freeze": [(tasks["inventory"].pk, DependencyKind.SUCCESS)],
        "copy-orders": [(tasks["freeze"].pk, DependencyKind.FINISHED)],
        "undo": [(tasks["copy-orders"].pk, DependencyKind.FAILURE)],
    }


@pytest.mark.django_db
def test_a_task_is_handed_the_context_of_plan_phase_and_itself_and_the_nearest_counts(plan: dict[str, bytes]) -> None:
    tasks = import_plan("shop", plan, actor=PAT).tasks
    texts = {key: {item.name: item.text for item in draft_brief(task).context} for key, task in tasks.items()}
    assert texts["inventory"] == {"context/glossary.md": "# Words\n", "context/hosts.txt": "old\nnew\n"}
    assert texts["freeze"] == {"context/glossary.md": "# Words\n", "context/hosts.txt": "old only\n"}
    assert texts["undo"] == {"context/glossary.md": "# Words\n"}


@pytest.mark.django_db
def test_instructions_are_kept_without_settings_but_with_references(plan: dict[str, bytes]) -> None:
    tasks = import_plan("shop", plan, actor=PAT).tasks
    assert tasks["freeze"].files.get(path="instructions.md").text == "# Freeze\n"
    assert tasks["copy-orders"].files.get(path="instructions.md").text == "---\ncontext:\n- https://example.org/a\n---\n\n# Copy\n"
    assert "https://example.org/a" in [item.name for item in draft_brief(tasks["copy-orders"]).context]


@pytest.mark.django_db
def test_what_a_task_leaves_open_is_as_the_project_says(plan: dict[str, bytes]) -> None:
    tasks = import_plan("shop", plan, actor=PAT).tasks
    assert {task.review_policy for task in tasks.values()} == {ReviewPolicy.REQUIRED}


@pytest.mark.django_db
def test_a_project_that_exists_gets_the_phases_after_its_own_and_keeps_its_settings(plan: dict[str, bytes]) -> None:
    shop = create_project(slug="shop", name="The shop", actor=PAT)
    first = create_phase(shop, name="Think", actor=PAT)
    made = import_plan("shop", plan, actor=PAT)
    assert not made.is_new_project
    assert (made.project.name, made.project.lease_ttl) == ("The shop", 150)
    assert [link.after_id for link in made.phases[0].links.all()] == [first.pk]
    assert made.phases[0].state == PhaseState.PLANNED


@pytest.mark.django_db
def test_importing_twice_is_refused_and_adds_nothing(plan: dict[str, bytes]) -> None:
    import_plan("shop", plan, actor=PAT)
    with pytest.raises(Conflict, match="There is a phase 'Prepare'"):
        import_plan("shop", plan, actor=PAT)
    assert (Phase.objects.count(), Task.objects.count()) == (2, 4)


@pytest.mark.django_db
def test_a_plan_with_its_own_slug_needs_no_other(plan: dict[str, bytes]) -> None:
    plan["plan.md"] = b"---\nslug: shop-two\n---\n"
    assert import_plan("", plan, actor=PAT).project.slug == "shop-two"


@pytest.mark.django_db(transaction=True)
def test_a_mistake_that_only_the_database_knows_leaves_nothing_behind(plan: dict[str, bytes]) -> None:
    plan["phase-01-prepare/task-01-inventory.md"] = b"---\nassigned_to: nobody\n---\n"
    refusal = _refused(plan)
    assert refusal.sentence == "phase-01-prepare/task-01-inventory.md: assigned_to: No agent named 'nobody' is registered."
    assert refusal.field == "assigned_to"


@pytest.mark.django_db(transaction=True)
def test_a_circle_is_refused_with_the_names_of_its_tasks(plan: dict[str, bytes]) -> None:
    plan["phase-01-prepare/task-01-inventory.md"] = b"---\nneeds: freeze\n---\n"
    with pytest.raises(CycleRefused, match="freeze → inventory → freeze"):
        import_plan("shop", plan, actor=PAT)
    assert not Project.objects.exists()


@pytest.mark.django_db
def test_a_task_can_be_assigned_to_an_agent_that_is_registered(plan: dict[str, bytes]) -> None:
    jared = register(name="jared", actor=PAT, key=create_key(name="fleet", scope="agent", actor=PAT)[0])
    plan["phase-01-prepare/task-01-inventory.md"] = b"---\nassigned_to: jared\nfallback_after: 60\n---\n"
    assert import_plan("shop", plan, actor=PAT).tasks["inventory"].assigned_to == jared


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "phases", "tasks"), [("csvpeek", 3, 16), ("docs-overhaul", 3, 9)])
def test_the_example_plans_are_imported_by_the_command(name: str, phases: int, tasks: int) -> None:
    told = StringIO()
    call_command("importplan", PLANS / name, "--project", name, stdout=told)
    assert f"Made project {name}: {phases} phases, {tasks} tasks." in told.getvalue()
    assert Task.objects.filter(state=State.QUEUED).count() in (3, 4)
    for task in Task.objects.all():
        brief = draft_brief(task)
        assert brief.objective
        assert brief.criteria
        assert len(brief.instructions) > 150
        assert brief.context


@pytest.mark.django_db
def test_the_command_tells_every_mistake(tmp_path: Path) -> None:
    (tmp_path / "phase-01-a").mkdir()
    (tmp_path / "phase-01-a" / "task-01-b.md").write_text("---\ntier: huge\npriority: -1\n---\n")
    (tmp_path / ".git").mkdir()
    with pytest.raises(CommandError) as refusal:
        call_command("importplan", tmp_path, "--project", "p")
    assert str(refusal.value).splitlines()[0] == "Nothing was imported."
    assert len(str(refusal.value).splitlines()) == 3


@pytest.mark.django_db
def test_the_command_follows_no_links(tmp_path: Path) -> None:
    (tmp_path / "phase-01-a" / "context").mkdir(parents=True)
    (tmp_path / "phase-01-a" / "task-01-b.md").write_text("# B\n")
    (tmp_path / "phase-01-a" / "context" / "secret").symlink_to("/etc/hostname")
    with pytest.raises(CommandError, match="no regular file"):
        call_command("importplan", tmp_path, "--project", "p")
    with pytest.raises(CommandError, match="no directory"):
        call_command("importplan", tmp_path / "none", "--project", "p")


@pytest.mark.django_db
def test_the_command_brings_a_project_up_to_date_and_shows_it_first(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(PLANS / "csvpeek", plan)
    call_command("importplan", plan, "--project", "csvpeek", stdout=StringIO())
    same = StringIO()
    call_command("importplan", plan, "--project", "csvpeek", "--preview", stdout=same)
    assert "0 created, 0 changed" in same.getvalue()
    (plan / "phase-09-more").mkdir()
    (plan / "phase-09-more" / "task-01-extra.md").write_text("# Something extra\n")
    tasks = Task.objects.count()
    told = StringIO()
    call_command("importplan", plan, "--project", "csvpeek", "--preview", stdout=told)
    assert "Nothing was changed; it would be:" in told.getvalue()
    assert "new task extra: Something extra" in told.getvalue()
    assert Task.objects.count() == tasks
    call_command("importplan", plan, "--project", "csvpeek", "--update", stdout=told)
    assert Task.objects.count() == tasks + 1
    with pytest.raises(CommandError, match="no project 'nowhere'"):
        call_command("importplan", plan, "--project", "nowhere", "--update")
