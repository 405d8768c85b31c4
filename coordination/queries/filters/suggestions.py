"""What could be typed next into a filter: qualifiers, their words, and what there is in the project."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import connection

from coordination.models import Lane, Project, Task
from coordination.models.sql import rows
from coordination.queries.access import Caller, visible_agents
from coordination.queries.filters.qualifiers import BY_NAME, ME, TABLE, Qualifier
from coordination.queries.filters.text import value_text

MOST = 30
LABELS = {
    "postgresql": "SELECT value, count(*) FROM coordination_task, jsonb_array_elements_text(labels) value WHERE project_id = %s",
    "sqlite": "SELECT value, count(*) FROM coordination_task, json_each(labels) WHERE project_id = %s",
}


@dataclass(frozen=True)
class Suggestion:
    """`text` is the whole line once this is taken, `caret` the place to go on typing; `shows` and `says` are for the list."""

    text: str
    caret: int
    shows: str
    says: str = ""


@dataclass(frozen=True)
class Offer:
    value: str
    says: str = ""


Source = Callable[[Project, Caller, str], Iterable[Offer]]


def suggestions(project: Project, caller: Caller, text: str, at: int) -> list[Suggestion]:
    """Return what could stand at place `at` of the line."""
    before, after = text[:at], text[at:]
    start = _start_of_piece(before)
    piece = before[start:]
    found = _values(project, caller, piece) if ":" in piece else _names(caller, piece)
    taken = []
    for new, shows, says in islice(found, MOST):
        line = before[:start] + new
        taken.append(Suggestion(line + after, len(line), shows, says))
    return taken


def _start_of_piece(before: str) -> int:
    start, is_quoted, skip = 0, False, False
    for place, character in enumerate(before):
        if skip:
            skip = False
        elif is_quoted and character == "\\":
            skip = True
        elif character == '"':
            is_quoted = not is_quoted
        elif character.isspace() and not is_quoted:
            start = place + 1
    return start


def _names(caller: Caller, piece: str) -> Iterator[tuple[str, str, str]]:
    """Yield qualifiers that begin as typed, then words of theirs that do."""
    minus, typed = ("-", piece[1:]) if piece.startswith("-") else ("", piece)
    typed = typed.lower()
    for each in TABLE:
        if any(name.startswith(typed) for name in (each.name, *each.aliases)):
            yield f"{minus}{each.name}:", f"{minus}{each.name}:", each.says
    if not typed:
        return
    for each in TABLE:
        for word, says in _words(each, caller):
            if word.startswith(typed) and each.name != "no":
                yield f"{minus}{each.name}:{word} ", f"{minus}{each.name}:{word}", says


def _values(project: Project, caller: Caller, piece: str) -> Iterator[tuple[str, str, str]]:
    head, _, rest = piece.partition(":")
    qualifier = BY_NAME.get(head.lstrip("-").lower())
    if qualifier is None:
        return
    complete, typed = _last_value(rest)
    for offer in _offers(qualifier, project, caller, typed.lower()):
        value = value_text(offer.value)
        yield f"{head}:{complete}{value} ", f"{qualifier.name}:{value}", offer.says


def _last_value(rest: str) -> tuple[str, str]:
    """Split the values as typed into the complete ones, with their comma, and the one that is being typed."""
    place, is_quoted = 0, False
    for number, character in enumerate(rest):
        if character == '"':
            is_quoted = not is_quoted
        elif character == "," and not is_quoted:
            place = number + 1
    return rest[:place], rest[place:].replace('"', "")


def _offers(qualifier: Qualifier, project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    for word, says in _words(qualifier, caller):
        if typed in word:
            yield Offer(word, says)
    source = SOURCES.get(qualifier.name)
    if source and not typed.startswith("@"):
        yield from source(project, caller, typed)
    if not qualifier.words and source is None and not typed:
        yield from (Offer(value, qualifier.takes) for value in qualifier.example.split(" ")[0].partition(":")[2].split(",")[:1])


def _words(qualifier: Qualifier, caller: Caller) -> Iterator[tuple[str, str]]:
    """Yield the words of a qualifier that can find something for who asks: a person is no agent, so "my agent" finds nothing."""
    is_agent = caller.key is not None and caller.key.agent is not None
    return ((word, says) for word, says in qualifier.words.items() if is_agent or (word, says) not in ME.items())


def _phases(project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    found = project.phases.filter(name__icontains=typed)
    return (Offer(phase.name, f"phase, {phase.state}") for phase in found[:MOST])


def _agents(project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    found = visible_agents(caller).filter(name__icontains=typed, retired_at=None)
    return (Offer(agent.name, agent.display_name) for agent in found[:MOST])


def _labels(project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    counted = rows(f"{LABELS[connection.vendor]} GROUP BY value ORDER BY count(*) DESC, value LIMIT 500", [project.pk])
    return (Offer(label, _of_tasks(count)) for label, count in counted if typed in label.lower())


def _capabilities(project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    words = {word for lane in Lane.objects.filter(project=project).values_list("capabilities", flat=True) for word in lane}
    return (Offer(word) for word in sorted(words) if typed in word.lower())


def _kinds(project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    kinds = project.tasks.filter(kind__icontains=typed).exclude(kind="").order_by("kind").values_list("kind", flat=True).distinct()
    return (Offer(kind) for kind in kinds[:MOST])


def _authors(project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    authors = project.tasks.filter(created_by__icontains=typed).order_by("created_by").values_list("created_by", flat=True).distinct()
    return (Offer(author.split(":", 1)[-1], author.split(":", 1)[0]) for author in authors[:MOST])


def _tasks(project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    number = typed.removeprefix("#")
    found: Iterable[Task] = project.tasks.filter(title__icontains=typed).order_by("-id").only("title")[:MOST]
    if number.isascii() and number.isdecimal() and len(number) < 19:
        found = [*project.tasks.filter(pk=int(number)).only("title"), *found]
    return (Offer(str(task.pk), task.title) for task in found)


def _projects(project: Project, caller: Caller, typed: str) -> Iterator[Offer]:
    yield Offer(project.slug, project.name)


def _of_tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


SOURCES: dict[str, Source] = {
    "phase": _phases,
    "agent": _agents,
    "assigned": _agents,
    "label": _labels,
    "needs": _capabilities,
    "kind": _kinds,
    "by": _authors,
    "id": _tasks,
    "parent": _tasks,
    "upstream": _tasks,
    "downstream": _tasks,
    "project": _projects,
}
