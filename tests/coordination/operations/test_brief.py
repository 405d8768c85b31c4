"""The brief: all that a worker with no prior knowledge needs, as it was handed out."""

import json

import pytest

from coordination.errors import LeaseLost
from coordination.operations.files import save_files
from coordination.operations.finish import ask
from coordination.operations.late import adopt
from coordination.operations.phases import edit_phase
from coordination.operations.questions import answer
from coordination.operations.reviews import request_changes
from coordination.operations.sweep import sweep
from coordination.operations.tasks import edit_task, requeue
from coordination.queries.brief import Brief, brief_of, draft_brief
from coordination.queries.brief_text import as_markdown
from tests.factories import Plan, age

INSTRUCTIONS = """---
context:
  - task:{on}/result
  - task:{on}/context/spec.md
  - https://example.org/page
  - task:999999/result
---
Write the parser.
"""


def _brief(plan: Plan) -> tuple[Brief, dict[str, object]]:
    """Make a task with everything in its brief, claim it, and return the brief."""
    spec = plan.task("Write the spec", files={"context/spec.md": b"The grammar."})
    plan.jean.claims(spec).completes("The spec is written.", report="# Report\nIt has two pages.", data={"pages": 2})
    task = plan.task(
        "Write the parser",
        needs=[spec],
        objective="A parser that reads the grammar.",
        criteria=["It reads the examples", "It refuses the rest"],
        kind="code",
        labels=["parser"],
        priority=10,
        timeout=3600,
        review_policy="required",
        instructions=INSTRUCTIONS.format(on=spec.pk),
        files={"context/example.txt": b"1 + 1", "context/picture.bin": b"\xff\xfe\x00"},
    )
    first = plan.jared.claims(task)
    first.completes("A first parser.")
    request_changes(task, actor=plan.planner, comments="It does not read the examples.")
    second = plan.jared.claims(task)
    ask(second.holder, "May it be slow?")
    answer(task, "Yes, but not very.", actor=plan.planner)
    third = plan.jean.claims(task)
    return brief_of(third.attempt), {"task": task, "spec": spec, "hold": third}


def test_it_holds_everything(plan: Plan) -> None:
    brief, rows = _brief(plan)
    assert (brief.title, brief.project, brief.phase) == ("Write the parser", "relay", "Build")
    assert (brief.kind, brief.tier, brief.priority, brief.labels, brief.timeout) == ("code", "standard", 10, ["parser"], 3600)
    assert (brief.attempt, brief.agent) == (3, plan.jean.name)
    assert brief.objective == "A parser that reads the grammar."
    assert brief.criteria == ["It reads the examples", "It refuses the rest"]
    assert brief.instructions == "Write the parser.\n"
    context = {item.name: item for item in brief.context}
    assert context["context/example.txt"].text == "1 + 1"
    assert context["context/picture.bin"].base64 == "//4A"
    on = rows["spec"].pk  # type: ignore[attr-defined]
    assert "It has two pages." in (context[f"task:{on}/result"].text or "")
    assert context[f"task:{on}/context/spec.md"].text == "The grammar."
    assert "does not fetch" in context["https://example.org/page"].source
    assert "no task #999999" in context["task:999999/result"].problem
    assert [(each.task, each.result, each.data) for each in brief.results] == [(on, "The spec is written.", {"pages": 2})]
    assert [(each.number, each.outcome) for each in brief.earlier_attempts] == [(1, "submitted"), (2, "asked")]
    assert brief.earlier_attempts[0].comments == ["It does not read the examples."]
    assert [(each.question, each.answer) for each in brief.answers] == [("May it be slow?", "Yes, but not very.")]
    assert "/complete" in brief.report["complete"]


def test_it_is_the_same_after_everything_it_speaks_of_was_edited(plan: Plan) -> None:
    brief, rows = _brief(plan)
    task, spec, hold = rows["task"], rows["spec"], rows["hold"]
    save_files(task, {"instructions.md": b"Something else.", "context/example.txt": None}, base=brief.commit, actor=plan.planner)  # type: ignore[arg-type]
    save_files(spec, {"context/spec.md": b"Another grammar."}, base=spec.head, actor=plan.planner)  # type: ignore[arg-type,attr-defined]
    changes = {
        "title": "Other",
        "objective": "Other",
        "criteria": [],
        "kind": "other",
        "labels": [],
        "priority": 90,
        "tier": "heavy",
        "timeout": 1,
    }
    edit_task(task, changes, actor=plan.planner)  # type: ignore[arg-type]
    edit_phase(plan.phase, {"name": "Renamed"}, actor=plan.planner)
    requeue(spec, actor=plan.planner)  # type: ignore[arg-type]
    plan.jared.claims(spec).completes("Another result.")  # type: ignore[arg-type]
    assert brief_of(hold.attempt) == brief  # type: ignore[attr-defined]


def test_it_is_json_and_one_document(plan: Plan) -> None:
    brief, _ = _brief(plan)
    assert json.loads(json.dumps(brief.as_dict(), default=str))["title"] == "Write the parser"
    text = as_markdown(brief)
    for part in (
        "Write the parser",
        "It refuses the rest",
        "The grammar.",
        "1 + 1",
        "The spec is written.",
        "It does not read the examples.",
        "May it be slow?",
        "/complete",
    ):
        assert part in text


def test_a_draft_is_what_the_next_attempt_would_get(plan: Plan) -> None:
    task = plan.task("Write the parser", instructions="Write it.", labels=["parser"])
    draft = draft_brief(task)
    claimed = brief_of(plan.jared.claims(task).attempt)
    assert (draft.attempt, draft.instructions, draft.labels, draft.commit) == (1, "Write it.", ["parser"], claimed.commit)


def test_a_late_result_that_was_adopted_is_what_dependents_build_on(plan: Plan) -> None:
    first = plan.task("First")
    then = plan.task("Then", needs=[first])
    late = plan.jared.claims(first)
    age(151)
    sweep()
    plan.jean.claims(first).fails("I could not.", retryable=False)
    with pytest.raises(LeaseLost):
        late.completes("I could.")
    adopt(late.attempt.late_results.get(), actor=plan.planner)
    brief = brief_of(plan.jean.claims(then).attempt)
    assert [each.result for each in brief.results] == ["I could."]


def test_a_task_without_files_has_a_brief_too(plan: Plan) -> None:
    brief = brief_of(plan.jared.claims(plan.task("Bare")).attempt)
    assert (brief.commit, brief.instructions, brief.context, brief.results) == ("", "", [], [])
