"""P14: objects first, the row second, the ref last; a stale base loses nothing. A8."""

import pytest
from django.db import transaction

from coordination.errors import StaleVersion
from coordination.models import Event, TaskFile
from coordination.operations.files import save_files
from coordination.operations.projects import delete_project
from coordination.queries.brief import draft_brief
from coordination.queries.repositories import store
from tests.factories import Plan, refusals, together


def test_the_row_is_the_truth_and_the_ref_follows(plan: Plan) -> None:
    task = plan.task(instructions="One.")
    assert store().tip(task.pk) == task.head
    task = save_files(task, {"context/notes.md": b"Notes."}, base=task.head, actor=plan.planner)
    assert store().tip(task.pk) == task.head
    assert store().read_file(task.pk, task.head, "context/notes.md") == b"Notes."


def test_between_row_and_ref_readers_see_the_row_and_repair_moves_the_ref(plan: Plan) -> None:
    task = plan.task(instructions="One.")
    first = task.head
    task = save_files(task, {"instructions.md": b"Two."}, base=first, actor=plan.planner)
    # As if the process died between the commit of the row and the move of the ref.
    path = store().layout.repository(task.pk)
    (path / "refs/heads/main").write_text(f"{first}\n")
    assert store().tip(task.pk) == first
    assert draft_brief(task).instructions == "Two."
    saved = save_files(task, {"instructions.md": b"Three."}, base=task.head, actor=plan.planner)
    assert store().tip(task.pk) == saved.head
    (path / "refs/heads/main").write_text(f"{first}\n")
    store().repair_repo(task.pk, saved.head)
    assert store().tip(task.pk) == saved.head


def test_objects_without_a_row_are_harmless(plan: Plan) -> None:
    task = plan.task(instructions="One.")
    head = task.head
    with transaction.atomic():
        save_files(task, {"instructions.md": b"Never."}, base=head, actor=plan.planner)
        transaction.set_rollback(True)  # as if the process died before the commit
    task.refresh_from_db()
    assert task.head == head == store().tip(task.pk)
    assert TaskFile.objects.get(task=task).text == "One."
    assert not store().check_repo(task.pk, head)
    assert save_files(task, {"instructions.md": b"Two."}, base=head, actor=plan.planner).head == store().tip(task.pk)


def test_two_people_and_an_agent_save_one_file_and_nothing_is_lost(plan: Plan, rounds: int) -> None:
    """A8: one wins, the others get the difference, save again on top, and the history holds all three."""
    task = plan.task(instructions="Start.\n")
    actors = [plan.pat.actor, plan.ada.actor, plan.jared.actor]
    for number in range(min(rounds, 50)):
        task.refresh_from_db()
        base = task.head
        texts = [f"{actor.name} {number}\n".encode() for actor in actors]
        outcomes = together(
            *[
                lambda actor=actor, text=text, base=base: save_files(task, {"instructions.md": text}, base=base, actor=actor)
                for actor, text in zip(actors, texts, strict=True)
            ]
        )
        lost = refusals(outcomes)
        assert len(lost) == 2
        assert all(isinstance(refusal, StaleVersion) and refusal.data["head"] for refusal in lost), lost
        for actor, text, outcome in zip(actors, texts, outcomes, strict=True):
            if isinstance(outcome, StaleVersion):
                task.refresh_from_db()
                save_files(task, {"instructions.md": text}, base=task.head, actor=actor)
        task.refresh_from_db()
        page = store().history(task.pk, task.head, limit=3)
        assert {version.author.name for version in page.items} == {actor.name for actor in actors}
    assert store().tip(task.pk) == task.head
    assert not store().check_repo(task.pk, task.head)


def test_the_refusal_of_a_stale_base_shows_what_changed(plan: Plan) -> None:
    task = plan.task(instructions="One.\n")
    base = task.head
    save_files(task, {"instructions.md": b"Two.\n"}, base=base, actor=plan.planner)
    with pytest.raises(StaleVersion) as refusal:
        save_files(task, {"instructions.md": b"Three.\n"}, base=base, actor=plan.ada.actor)
    assert "-One." in refusal.value.data["diff"]
    assert "+Two." in refusal.value.data["diff"]


def test_each_version_has_one_event(plan: Plan) -> None:
    task = plan.task(instructions="One.")
    task = save_files(task, {"instructions.md": b"Two."}, base=task.head, actor=plan.planner)
    same = save_files(task, {"instructions.md": b"Two."}, base=task.head, actor=plan.planner)
    assert same.head == task.head
    saved = list(Event.objects.filter(kind="files.saved").order_by("id").values_list("data__old", "data__new"))
    assert saved[-1][1] == task.head
    assert len(saved) == 2
    assert saved[1][0] == saved[0][1]


def test_a_deleted_project_leaves_no_repository(plan: Plan) -> None:
    tasks = plan.add("One", "Two", instructions="Text.")
    paths = [store().layout.repository(task.pk) for task in tasks]
    assert all(path.exists() for path in paths)
    delete_project(plan.project, actor=plan.ada.actor)
    assert not any(path.exists() for path in paths)
