"""A whole plan, as it is asked for and told of."""

import base64
from typing import Annotated, Any

from pydantic import Field

from coordination.api.shapes.base import Asked, Told, asks
from coordination.api.shapes.tasks import Base64, Path
from coordination.api.shapes.told_tasks import Caution
from coordination.operations.plan_updates import PlanDiff
from coordination.operations.plans import ImportedPlan


class PlanAsked(Asked):
    """The files of the plan's directory, by their path there."""

    model_config = asks(
        {
            "files": {
                "plan.md": "---\nname: Shop move\n---\nMove the shop.\n",
                "phase-01-prepare/task-01-inventory.md": "# Count the tables\n\nCount them.\n",
                "phase-02-move/phase.md": "---\ngate: approval\n---\n",
                "phase-02-move/task-01-copy.md": "---\npriority: 20\ncapabilities: [sql]\nneeds: [inventory]\n---\n# Copy\n",
            }
        }
    )

    files: Annotated[dict[Path, str | Base64], Field(min_length=1, max_length=20_000)]


class PlannedPhaseTold(Told):
    id: int
    name: str
    state: str


class PlannedTaskTold(Told):
    key: str
    id: int
    title: str
    state: str
    runnable_by: int


class PlanTold(Told):
    project: str
    new_project: bool
    phases: list[PlannedPhaseTold]
    tasks: list[PlannedTaskTold]
    warnings: list[Caution]


def plan_told(made: ImportedPlan, runnable: dict[int, int], warnings: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "project": made.project.slug,
        "new_project": made.is_new_project,
        "phases": [{"id": phase.pk, "name": phase.name, "state": phase.state} for phase in made.phases],
        "tasks": [
            {"key": key, "id": task.pk, "title": task.title, "state": task.state, "runnable_by": runnable[task.pk]}
            for key, task in made.tasks.items()
        ],
        "warnings": warnings,
    }


class PlanFilesTold(Told):
    project: str
    files: dict[str, str | Base64]


class PlanChangeTold(Told):
    noun: str
    key: str
    name: str
    new: bool
    fields: dict[str, list[Any]]
    texts: dict[str, list[str]]


class PlanDiffTold(Told):
    project: str
    changes: list[PlanChangeTold]
    same: int
    absent: list[str]


def file_told(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def diff_told(slug: str, diff: PlanDiff) -> dict[str, Any]:
    """Return a difference; `texts` has the files that change as [old, new], and nothing of what is new: the asker sent that."""
    changes = [
        {
            "noun": each.noun,
            "key": each.key,
            "name": each.name,
            "new": each.is_new,
            "fields": dict(each.fields),
            "texts": {} if each.is_new else {path: list(both) for path, both in each.readable.items()},
        }
        for each in diff.changes
    ]
    return {"project": slug, "changes": changes, "same": diff.same, "absent": diff.absent}
