"""The menu of saved views: which one is open, whether it was changed since, and where the others are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2s
from urllib.parse import urlencode

from django.urls import reverse

from coordination.errors import Invalid
from coordination.models import Project, SavedView
from coordination.queries.access import Caller, Permission
from coordination.queries.filters import parse
from coordination.queries.saved_views import SYSTEM_VIEWS, SystemView, views_of

PAGE_OF = {"board": "board", "list": "task_list", "timeline": "timeline", "graph": "graph"}
LAYOUT_OF = {page: layout for layout, page in PAGE_OF.items()}
# The board calls its groups lanes.
GROUP_IN = {"board": "lanes"}


@dataclass(frozen=True)
class Shown:
    """What a page shows, as far as a view keeps it."""

    q: str
    layout: str
    sort: str = ""
    group: str = ""

    @property
    def mark(self) -> str:
        """A short sign of all this, by which an address tells whether a view was changed since it was opened."""
        return blake2s("\0".join((self.q, self.layout, self.sort, self.group)).encode(), digest_size=4).hexdigest()


@dataclass(frozen=True)
class Opened:
    """The view that an address names: its number, the mark of what it shows, and its name, so that no page has to look it up."""

    number: int | None
    name: str
    is_changed: bool


def opened(view: str, shown: Shown) -> Opened:
    """Read the view of an address; without one it is the view of every project that shows just this, if there is one."""
    number, _, rest = view.partition(".")
    if number.isascii() and number.isdecimal() and len(number) < 18:
        mark, _, name = rest.partition(".")
        return Opened(int(number), name[:60] or "Saved view", mark not in ("", shown.mark))
    known = next((each for each in SYSTEM_VIEWS if _shown_by(each) == shown), None)
    return Opened(None, known.name if known else "", False)


@dataclass(frozen=True)
class Line:
    """A view in the menu."""

    name: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class ViewMenu:
    """`asked` is the number of the view that the page's address names."""

    project: Project
    caller: Caller
    shown: Shown
    asked: int | None

    @cached_property
    def _kept(self) -> list[SavedView]:
        return views_of(self.caller, self.project)

    @cached_property
    def current(self) -> SavedView | SystemView | None:
        """The view that the address names, else one that is just this."""
        if self.asked is not None:
            return next((view for view in self._kept if view.pk == self.asked), None)
        known: list[SavedView | SystemView] = [*SYSTEM_VIEWS, *self._kept]
        return next((view for view in known if _shown_by(view) == self.shown), None)

    @property
    def is_changed(self) -> bool:
        return self.current is not None and _shown_by(self.current) != self.shown

    @property
    def saved(self) -> SavedView | None:
        return self.current if isinstance(self.current, SavedView) else None

    @property
    def may_change(self) -> bool:
        """Whether the viewer may rename, change or delete the view that is open."""
        return self.saved is not None and (not self.saved.is_shared or self.may_share)

    @property
    def may_share(self) -> bool:
        return self.caller.may(Permission.PLAN, self.project.pk)

    @property
    def reset(self) -> str:
        return url_of(self.current, self.project) if self.current else ""

    def groups(self) -> list[tuple[str, list[Line]]]:
        shared = [view for view in self._kept if view.is_shared]
        mine = [view for view in self._kept if not view.is_shared]
        found = (("In every project", SYSTEM_VIEWS), ("Shared", shared), ("Yours", mine))
        return [
            (title, [Line(view.name, url_of(view, self.project), view == self.current) for view in views])
            for title, views in found
            if views
        ]


def url_of(view: SavedView | SystemView, project: Project) -> str:
    """Return the address that shows a view."""
    kept = _shown_by(view)
    path = reverse(PAGE_OF[kept.layout], args=[project.slug])
    named = f"{view.pk}.{kept.mark}.{view.name}" if isinstance(view, SavedView) else ""
    params = {"q": kept.q, "sort": kept.sort, GROUP_IN.get(kept.layout, "group"): kept.group, "view": named}
    return f"{path}?{urlencode({name: value for name, value in params.items() if value})}"


def shown_on(page: str, q: str, params: Mapping[str, str]) -> Shown:
    """Return what a page shows, from its filter and the parameters of its address."""
    layout = LAYOUT_OF[page]
    sort = params.get("sort", "") if layout == "list" else ""
    return Shown(q, layout, sort, params.get(GROUP_IN.get(layout, "group"), "") if layout in ("board", "list") else "")


def _shown_by(view: SavedView | SystemView) -> Shown:
    if isinstance(view, SystemView):
        return Shown(_spelled(view.q), view.layout)
    return Shown(_spelled(view.q), view.layout, view.sort, view.group)


def _spelled(q: str) -> str:
    """Return a filter in its one spelling; one of a grammar that has changed since is left as it was."""
    try:
        return parse(q).text
    except Invalid:
        return q
