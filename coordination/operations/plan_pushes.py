"""Pushing a whole plan: `main` of a project's plan, read, compared with the project, and applied in one transaction."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import IO

from django.db import transaction

import repo_store
from coordination.errors import MusterError, Refused, StaleVersion
from coordination.models import Project
from coordination.operations.atomic import atomically
from coordination.operations.plan_updates import PlanDiff, preview_plan, update_plan
from coordination.operations.pushes import FETCH_FIRST, MOST_BRANCHES, REFUSED, Ask, Command, Options, Verdict
from coordination.queries.access import Permission, find_project
from coordination.queries.repositories import plan_store, translated
from repo_store import MAIN_REF, Parcel, Terms

ONLY_A_PREVIEW = "only a preview, see above"
MOST_TOLD = 50


def push_plan(project_id: int, commands: Sequence[Command], pack: IO[bytes], *, ask: Ask, options: Options) -> list[Verdict]:
    """Take a plan, or only tell what it would do (`is_preview`); the verdict's notes say what was created and changed."""
    if len(commands) > MOST_BRANCHES or any(command.ref != MAIN_REF for command in commands):
        return [Verdict(command.ref, "A plan has one branch, main.", REFUSED) for command in commands]
    with translated():
        try:
            with plan_store().unpacked(project_id, pack) as parcel:
                return [_judged(parcel, project_id, command, ask, options) for command in commands]
        except (repo_store.RefusedPush, repo_store.LimitExceeded) as refusal:
            return [Verdict(command.ref, str(refusal), REFUSED) for command in commands]


def _judged(parcel: Parcel, project_id: int, command: Command, ask: Ask, options: Options) -> Verdict:
    try:
        with translated():
            diff = _take(parcel, project_id, command, ask, options)
    except StaleVersion as refusal:
        return Verdict(command.ref, refusal.sentence, FETCH_FIRST)
    except MusterError as refusal:
        return Verdict(command.ref, "Nothing was changed.", REFUSED, _mistakes(refusal))
    told = tuple(diff.sentences[-MOST_TOLD:])
    return Verdict(command.ref, "", ONLY_A_PREVIEW, told) if options.is_preview else Verdict(command.ref, notes=told)


def _mistakes(refusal: MusterError) -> tuple[str, ...]:
    found = refusal.data.get("mistakes") or []
    lines = [": ".join(part for part in (each["file"], each["field"], each["sentence"]) if part) for each in found]
    return tuple(lines[:MOST_TOLD]) or (refusal.sentence,)


def _take(parcel: Parcel, project_id: int, command: Command, ask: Ask, options: Options) -> PlanDiff:
    project = _project(project_id, command, ask)
    terms = Terms("main", project.plan_head or None, project.plan_head or None, None, True, ask().actor.email, _no_rule)
    parcel.inspect(command.new, terms)
    files = parcel.files_at(command.new)
    if options.is_preview:
        return preview_plan(project, files, caller=ask())
    parcel.admit()
    return _apply(project_id, command, files, ask)


def _no_rule(path: str, content: Callable[[], bytes]) -> None:
    """Reading the plan says what is wrong with its files."""


def _project(project_id: int, command: Command, ask: Ask) -> Project:
    """Return the project, if whoever pushes may plan it at this moment and knows its newest plan."""
    row = Project.objects.get(pk=project_id)
    project = find_project(ask(), row.slug, Permission.PLAN)
    if not command.new:
        raise Refused("A plan is not deleted by a push.")
    if project.plan_head != command.old:
        raise StaleVersion("The plan has moved on: fetch, put your commits on top (git pull --rebase), push again.")
    return project


@atomically
def _apply(project_id: int, command: Command, files: dict[str, bytes], ask: Ask) -> PlanDiff:
    project = _project(project_id, command, ask)
    diff = update_plan(project, files, caller=ask())
    if not Project.objects.filter(pk=project_id, plan_head=command.old).update(plan_head=command.new):
        raise StaleVersion("The plan moved at the same moment: fetch, put your commits on top (git pull --rebase), push again.")
    transaction.on_commit(partial(_follow, project_id, command.new), robust=True)
    return diff


def _follow(project_id: int, head: str) -> None:
    plan_store().advance_ref(project_id, head)
