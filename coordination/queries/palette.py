"""What a person may mean by a few words: tasks, phases, agents, files and projects, a handful of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Case, IntegerField, Model, Q, QuerySet, Value, When

from coordination.models import Agent, Phase, Project, Task, TaskFile
from coordination.queries.access import Caller, visible_agents, visible_projects, visible_tasks

Row = TypeVar("Row", bound=Model)
TASKS = 8
OTHERS = 4
LONGEST = 100  # characters that are looked at
MOST_WORDS = 6
NUMBER = re.compile(r"#?(\d{1,18})")


@dataclass(frozen=True)
class Found:
    """What fits, best first: the project at hand before others, newer before older."""

    words: Sequence[str] = ()
    tasks: list[Task] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    files: list[TaskFile] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.tasks or self.phases or self.agents or self.files or self.projects)


def words_of(text: str) -> list[str]:
    return text.replace("\0", "")[:LONGEST].split()[:MOST_WORDS]


def find(text: str, caller: Caller, project: Project | None = None) -> Found:
    """Return what this caller sees of everything that holds all of the words; `#12` or `12` finds that task first.

    Five statements at most, and none for a text without words.
    """
    words = words_of(text)
    if not words:
        return Found()
    if words[0].startswith("#") and len(words) == 1:
        return Found(words, tasks=_tasks(words, caller, project))
    return Found(
        words,
        tasks=_tasks(words, caller, project),
        phases=_phases(words, caller, project),
        agents=list(visible_agents(caller).filter(_holds(words, "name", "display_name"), retired_at=None).order_by("name")[:OTHERS]),
        files=_files(words, caller, project),
        projects=list(visible_projects(caller).filter(_holds(words, "name", "slug"))[:OTHERS]),
    )


def _tasks(words: Sequence[str], caller: Caller, project: Project | None) -> list[Task]:
    wanted = _holds(words, "title")
    exact: list[When] = []
    if len(words) == 1 and (number := NUMBER.fullmatch(words[0])):
        wanted |= Q(pk=int(number[1]))
        exact = [When(pk=int(number[1]), then=Value(-1))]
    found = _nearest(visible_tasks(caller).filter(wanted), project, *exact)
    return list(found.select_related("project").only("title", "state", "project__name")[:TASKS])


def _phases(words: Sequence[str], caller: Caller, project: Project | None) -> list[Phase]:
    phases = Phase.objects.filter(_holds(words, "name"), project__in=visible_projects(caller).values("pk"))
    return list(_nearest(phases, project).select_related("project")[:OTHERS])


def _files(words: Sequence[str], caller: Caller, project: Project | None) -> list[TaskFile]:
    files = TaskFile.objects.filter(_holds(words, "path"), task__in=visible_tasks(caller).values("pk"))
    at_hand = Case(When(task__project=project, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(files.order_by(at_hand, "-task_id").select_related("task").only("path", "task__title")[:OTHERS])


def _holds(words: Sequence[str], *fields: str) -> Q:
    """Return the condition that each word stands in one of the fields."""
    every = Q()
    for word in words:
        some = Q()
        for name in fields:
            some |= Q(**{f"{name}__icontains": word})
        every &= some
    return every


def _nearest(rows: QuerySet[Row], project: Project | None, *first: When) -> QuerySet[Row]:
    at_hand = Case(*first, When(project=project, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.order_by(at_hand, "-pk")
