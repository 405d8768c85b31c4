"""A filter: reading it, the tasks it finds, and what a task added under it inherits."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from coordination.errors import Invalid
from coordination.lifecycle import Band
from coordination.models import Agent, Project, Task
from coordination.plan_values import did_you_mean
from coordination.queries.access import Caller
from coordination.queries.filters.qualifiers import BAND_WORDS, BY_NAME, PRIORITY_OF_BAND, TABLE, Qualifier
from coordination.queries.filters.text import WORD, Term, terms_in
from coordination.queries.filters.values import BadValue, Scene


@dataclass(frozen=True)
class Filter:
    """Terms that must all hold. `text` is the line that reads back as the same filter."""

    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    @cached_property
    def text(self) -> str:
        return " ".join(term.text for term in self.terms)

    @property
    def words(self) -> tuple[str, ...]:
        """The words and quoted texts that are looked for, without those that must not occur."""
        return tuple(term.values[0] for term in self.terms if term.name == WORD and not term.negated)

    def plus(self, name: str, value: object) -> "Filter":
        """Return the filter with one more value: another label narrows it, another state joins the states that are there."""
        new = term(name, value)
        there = None if BY_NAME[new.name].narrows else self.first(new.name)
        if there is None:
            return Filter(tuple(dict.fromkeys([*self.terms, new])))
        joined = Term(there.name, tuple(dict.fromkeys([*there.values, *new.values])))
        return Filter(tuple(joined if each is there else each for each in self.terms))

    def without(self, term: Term) -> "Filter":
        return Filter(tuple(each for each in self.terms if each != term))

    def first(self, name: str) -> Term | None:
        """Return the first term of this name that is not negated."""
        return next((term for term in self.terms if term.name == name and not term.negated), None)


def parse(text: str) -> Filter:
    """Read a line. Invalid names the term that cannot be read and says what it could be."""
    return Filter(tuple(dict.fromkeys(_checked(each) for each in terms_in(text.strip()))))


def of(**wanted: object) -> Filter:
    """Return the filter of these qualifiers: each with a value or with several, any of which will do. Nothing wanted is no term."""
    found = []
    for name, value in wanted.items():
        values = value if isinstance(value, list | tuple) else [value] if value not in (None, "") else []
        if values:
            found.append(term(name, *values))
    return Filter(tuple(found))


def term(name: str, *values: object, negated: bool = False) -> Term:
    """Return the term of a qualifier with these values; Invalid if it does not take them."""
    return _checked(Term(name, tuple(str(value) for value in values), negated))


def _checked(written: Term) -> Term:
    if written.name == WORD:
        return written
    qualifier = BY_NAME.get(written.name)
    if qualifier is None:
        near = did_you_mean(written.name, BY_NAME)
        known = near or f". There are {', '.join(each.name for each in TABLE)}."
        as_text = f'"{written.name}:{written.values[0]}"'
        raise Invalid(
            f"{written.name}: is no qualifier{known} To look for the text itself, write it in quotation marks: {as_text}.", field="q"
        )
    values = dict.fromkeys(_read(qualifier, written, value) for value in written.values)
    return Term(qualifier.name, tuple(values), written.negated)


def _read(qualifier: Qualifier, written: Term, value: str) -> str:
    try:
        return qualifier.read(value)
    except BadValue as error:
        raise Invalid(f"{written.name}:{value[:60]} cannot be read. {error}", field="q") from error


def matching(tasks: QuerySet[Task], wanted: Filter, *, caller: Caller) -> QuerySet[Task]:
    """Return those of `tasks` that the filter wants."""
    scene = Scene(caller)
    for each in wanted.terms:
        condition = _mentions(each.values[0]) if each.name == WORD else BY_NAME[each.name].find(each.values, scene)
        tasks = tasks.filter(~condition if each.negated else condition)
    return tasks


def _mentions(word: str) -> Q:
    mentions = Q(title__icontains=word) | Q(objective__icontains=word) | Q(kind__iexact=word)
    number = word.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) < 19:
        mentions |= Q(pk=int(number))
    return mentions


def given(wanted: Filter, project: Project) -> dict[str, Any]:
    """Return the fields of NewTask that make a new task one of those the filter wants, as far as a new task can be.

    Of several values the first is taken. What the project does not have, such as a phase that is gone, is left out.
    """
    found: dict[str, Any] = {}
    for each in wanted.terms:
        if not each.negated:
            found |= _given(each, project, found)
    return found


def _given(each: Term, project: Project, before: dict[str, Any]) -> dict[str, Any]:
    value = each.values[0]
    if each.name == "label":
        return {"labels": [*before.get("labels", ()), value]}
    if each.name == "needs":
        return {"capabilities": [*before.get("capabilities", ()), value]}
    if each.name in ("tier", "kind"):
        return {each.name: value}
    if each.name == "priority":
        return _priority(value)
    if each.name == "parent":
        return _if_there("parent", project.tasks.filter(pk=int(value)))
    if each.name == "phase":
        return _if_there("phase", project.phases.filter(_phase(value)))
    if each.name == "assigned":
        return _if_there("assigned_to", Agent.objects.filter(name=value, retired_at=None))
    return {}


def _priority(value: str) -> dict[str, Any]:
    if value in BAND_WORDS:
        return {"priority": PRIORITY_OF_BAND[Band(value)]}
    return {"priority": int(value)} if value.isdecimal() and int(value) <= 100 else {}


def _phase(value: str) -> Q:
    if value.startswith("@"):
        return Q(state=value[1:])
    is_number = value.isascii() and value.isdecimal() and len(value) < 19
    return Q(pk=int(value)) if is_number else Q(name__iexact=value) | Q(key=value)


def _if_there(field: str, rows: "QuerySet[Any]") -> dict[str, Any]:
    row = rows.first()
    return {} if row is None else {field: row}
