from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.models import SavedView
from coordination.operations import saved_views as operations
from coordination.queries.access import find_project
from coordination.queries.filters.suggestions import suggestions as query
from coordination.queries.filters.text import LONGEST
from coordination.queries.saved_views import find_own_view, require_may_keep
from webui.filtering import bar_of
from webui.forms.saved_view import SavedViewForm
from webui.requests import Request, actor_of, acts, done, number, page, shows, typed
from webui.view_menu import LAYOUT_OF, url_of


@shows
def suggestions(request: Request, slug: str) -> HttpResponse:
    """What could be typed next: the options of a listbox."""
    project = find_project(request.caller, slug)
    text = request.GET.get("q", "")[:LONGEST]
    at = number(request.GET.get("at"))
    found = query(project, request.caller, text, len(text) if at is None else min(at, len(text)))
    return page(request, "filter/_suggestions.html", suggestions=found)


@shows
def views_menu(request: Request, slug: str) -> HttpResponse:
    """The saved views, beside what the page that asks shows: for its menu, and as a page of their own."""
    project = find_project(request.caller, slug)
    on = request.GET.get("on", "")
    on = on if on in LAYOUT_OF else "board"
    bar = bar_of(request, project, on, path=reverse(on, args=[slug]))
    return page(request, "filter/views.html", part="filter/_views_menu.html", project=project, section="board", bar=bar)


@acts
def save_view(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    wanted = typed(SavedViewForm(request.POST))
    shared = wanted.pop("shared")
    require_may_keep(request.caller, project.pk, shared=shared)
    owner = None if shared else request.caller.user
    view = operations.save_view(project, owner=owner, actor=actor_of(request), **wanted)
    return done(request, f"Saved the view {view.name}{' for everybody' if shared else ''}.", url_of(view, project))


@acts
def change_view(request: Request, slug: str, view_id: int) -> HttpResponse:
    """Rename a view, or let it show what the page shows: only the fields that are sent are changed."""
    view = _own_view(request, slug, view_id)
    changes = {name: request.POST[name] for name in operations.EDITABLE if name in request.POST}
    view = operations.change_view(view, changes, actor=actor_of(request))
    return done(request, f"Saved the view {view.name}.", url_of(view, view.project))


@acts
def delete_view(request: Request, slug: str, view_id: int) -> HttpResponse:
    view = _own_view(request, slug, view_id)
    operations.delete_view(view, actor=actor_of(request))
    return done(request, f"Deleted the view {view.name}.", url_of(view, view.project).partition("?")[0])


def _own_view(request: Request, slug: str, view_id: int) -> SavedView:
    view = find_own_view(request.caller, view_id)
    if view.project.slug != slug:
        raise Http404
    return view
