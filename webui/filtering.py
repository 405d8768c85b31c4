"""The filter of a page: read from its address, and drawn as a bar that is the same on every layout."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from coordination.errors import Invalid
from coordination.models import Project, Task
from coordination.queries.access import Caller
from coordination.queries.filters import BY_NAME, WORD, Filter, Term, matching, parse
from webui.requests import Request
from webui.view_menu import Opened, Shown, ViewMenu, opened, shown_on

# Where one stands in a page is no part of what it shows.
PASSING = ("offset", "cursor", "upto", "at", "open", "on")
SCROLLED = ("shown.", "at.")  # before the name of a cell of the board
LAYOUTS = (
    ("board", "Board", "square-kanban"),
    ("task_list", "List", "list"),
    ("timeline", "Timeline", "chart-gantt"),
    ("graph", "Graph", "workflow"),
)
OFFERED = ("state", "is", "priority", "tier", "phase", "agent", "has")

Params = list[tuple[str, str]]


@dataclass(frozen=True)
class Chip:
    """One term of the filter, in two parts, and the address of the page without it."""

    name: str
    value: str
    text: str
    says: str
    without: str


@dataclass(frozen=True)
class Choice:
    """A line of a menu."""

    title: str
    url: str
    says: str = ""
    icon: str = ""
    is_current: bool = False
    name: str = ""


@dataclass(frozen=True)
class Bar:
    """`typed` stands in the field, also when it cannot be read: then `error` says why, and no task matches."""

    project: Project
    caller: Caller
    layout: str
    typed: str
    wanted: Filter
    error: str
    path: str
    params: Params

    def matching(self, tasks: QuerySet[Task]) -> QuerySet[Task]:
        return tasks.none() if self.error else matching(tasks, self.wanted, caller=self.caller)

    @property
    def is_on(self) -> bool:
        return bool(self.wanted) or bool(self.error)

    @property
    def kept(self) -> Params:
        """The parameters beside the filter, which its form sends along."""
        return [(name, value) for name, value in self.params if name != "q"]

    @property
    def cleared(self) -> str:
        return self.address(q="")

    def address(self, **changes: str) -> str:
        """Return this page's address with other parameters; an empty one is left out."""
        return address(self.path, self.params, changes)

    def chips(self) -> list[Chip]:
        names = _phase_names(self.project, self.wanted)
        return [self._chip(term, names) for term in self.wanted.terms]

    def _chip(self, term: Term, names: Mapping[str, str]) -> Chip:
        without = self.address(q=self.wanted.without(term).text)
        if term.name == WORD or term.text.lstrip("-").startswith("#"):
            return Chip("", term.text, term.text, "", without)
        shown = term if term.name != "phase" else Term("phase", tuple(names.get(value, value) for value in term.values), term.negated)
        name, _, value = shown.text.partition(":")
        return Chip(f"{name}:", value, term.text, BY_NAME[term.name].says, without)

    @cached_property
    def shown(self) -> Shown:
        return shown_on(self.layout, dict(self.params)["q"], dict(self.params))

    @cached_property
    def opened(self) -> Opened:
        return opened(dict(self.params).get("view", ""), self.shown)

    @property
    def views(self) -> ViewMenu:
        return ViewMenu(self.project, self.caller, self.shown, self.opened.number)

    @property
    def views_url(self) -> str:
        """The address of the menu of views, which is fetched when it is opened."""
        return address(reverse("views_menu", args=[self.project.slug]), self.params, {"on": self.layout})

    def layouts(self) -> list[Choice]:
        slug = self.project.slug
        return [
            Choice(title, address(reverse(name, args=[slug]), self.params, {}), icon=icon, is_current=name == self.layout)
            for name, title, icon in LAYOUTS
        ]

    def menu(self) -> list[tuple[str, str, list[Choice]]]:
        """Return what can be chosen without typing: each qualifier that has words of its own, with the words not chosen yet."""
        return [(name, BY_NAME[name].says, self._choices(name)) for name in OFFERED]

    def _choices(self, name: str) -> list[Choice]:
        chosen = self.wanted.first(name)
        return [
            Choice(word, self.address(q=self.wanted.plus(name, word).text), says, name=name)
            for word, says in BY_NAME[name].words.items()
            if (chosen is None or word not in chosen.values) and word != "@me"
        ]


def filter_of(request: Request) -> Filter:
    """Return the filter that a request names; Invalid if it cannot be read."""
    return parse(_typed(request.POST if request.method == "POST" else request.GET))


def bar_of(request: Request, project: Project, layout: str, *, path: str = "") -> Bar:
    """Return the filter bar of a page. What cannot be read is an error in the bar and never of the page.

    `layout` is the name of the page's address; `path` is where it is shown, if not at the address of this request.
    """
    typed = _typed(request.GET)
    wanted, error = Filter(), ""
    try:
        wanted = parse(typed)
    except Invalid as refused:
        error = refused.sentence
    kept = [name for name in request.GET if name not in (*PASSING, "q", "phase") and not name.startswith(SCROLLED)]
    params = [(name, request.GET.get(name, "")) for name in kept]
    return Bar(project, request.caller, layout, typed, wanted, error, path or request.path, [("q", wanted.text or typed), *params])


def address(path: str, params: Iterable[tuple[str, str]], changes: Mapping[str, str]) -> str:
    together = {**dict(params), **changes}
    query = urlencode({name: value for name, value in together.items() if value})
    return f"{path}?{query}" if query else path


def _typed(params: Mapping[str, str]) -> str:
    """Return the filter as it was typed. `phase` is from addresses of before there were filters."""
    typed = params.get("q", "").strip()
    phase = params.get("phase", "")
    return f"phase:{phase} {typed}".strip() if phase.isascii() and phase.isdecimal() else typed


def _phase_names(project: Project, wanted: Filter) -> dict[str, str]:
    numbers = {
        int(value) for term in wanted.terms if term.name == "phase" for value in term.values if value.isdecimal() and len(value) < 19
    }
    rows = project.phases.filter(pk__in=numbers).values_list("pk", "name") if numbers else ()
    return {str(pk): name for pk, name in rows}
