"""Does a task's repository tell the same story as the database? What a clone proves by itself, scripts/verify_task.py says."""

import json
from dataclasses import dataclass

from coordination.errors import MusterError
from coordination.lifecycle import Outcome
from coordination.models import Attempt, LateResult, Task
from coordination.queries.repositories import store, translated
from coordination.queries.sealing import RESULT, late_files, sealed_files
from repo_store import MAIN_REF, attempt_ref

LOOSE = {"pushed_commit", "files"}
IDENTITY = {"task_id", "attempt", "agent", "fence", "instruction_commit"}


@dataclass(frozen=True)
class Verified:
    """What is true of one task: a sentence for each attempt, and everything that differs."""

    told: list[str]
    faults: list[str]


def verify(task: Task) -> Verified:
    """Compare branches, sealed files and rows of a task."""
    told: list[str] = []
    faults: list[str] = []
    with translated():
        if (tip := store().tip(task.pk, MAIN_REF) or "") != task.head:
            faults.append(f"main stands at {tip[:10] or 'nothing'}, the database says {task.head[:10] or 'nothing'}.")
    for attempt in Attempt.objects.filter(task=task).select_related("agent", "task__project", "task__phase"):
        told.append(_sentence(attempt))
        try:
            faults += [f"Attempt {attempt.number}: {fault}" for fault in _faults(attempt)]
        except MusterError as refusal:
            faults.append(f"Attempt {attempt.number}: {refusal.sentence}")
    return Verified(told, faults)


def _sentence(attempt: Attempt) -> str:
    source = f"instructions {attempt.commit[:10]}" if attempt.commit else "no files"
    end = f"ended {attempt.outcome}" if attempt.finished_at else "is under way"
    sealed = f", sealed as {attempt.sealed_commit[:10]}" if attempt.sealed_commit else ""
    return f"Attempt {attempt.number}: {attempt.agent.name} (fence {attempt.fence}) worked from {source}, {end}{sealed}."


def _faults(attempt: Attempt) -> list[str]:
    if not attempt.tip:
        return ["it has ended and is not sealed."] if attempt.finished_at and attempt.commit else []
    faults = []
    with translated():
        if (tip := store().tip(attempt.task_id, attempt_ref(attempt.number)) or "") != attempt.tip:
            faults.append(f"its branch stands at {tip[:10] or 'nothing'}, the database says {attempt.tip[:10]}.")
        if attempt.sealed_commit:
            faults += _differing(attempt, store().read_files(attempt.task_id, attempt.sealed_commit))
    return faults


def _differing(attempt: Attempt, sealed: dict[str, bytes]) -> list[str]:
    """Compare what was sealed with what the rows say; who pushed what since is compared by the branch."""
    expected = json.loads(sealed_files(attempt)[RESULT])
    found = json.loads(sealed.get(RESULT, b"{}"))
    # An adopted late result has taken the place of what the attempt had brought when it was sealed.
    names = set(expected) - LOOSE if attempt.outcome != Outcome.LATE else IDENTITY
    faults = [
        f"its {RESULT} says {found.get(name)!r} for {name}, the database {value!r}."
        for name, value in expected.items()
        if name in names and found.get(name) != value
    ]
    for late in LateResult.objects.filter(attempt=attempt).exclude(sealed_commit="").select_related("attempt__agent"):
        there = store().read_files(attempt.task_id, late.sealed_commit)
        faults += [f"its {name} is not what the database says." for name, content in late_files(late).items() if there.get(name) != content]
    return faults
