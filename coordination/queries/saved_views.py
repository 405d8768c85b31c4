"""The views that a caller may open in a project: those that everybody has, those shared there, and one's own."""

from dataclasses import dataclass

from django.db.models import Q

from coordination.errors import NotFound, ScopeMissing
from coordination.models import Project, SavedView, Scope
from coordination.queries.access import Caller, Permission, require


@dataclass(frozen=True)
class SystemView:
    """A view that every project has."""

    key: str
    name: str
    q: str
    layout: str = "list"


SYSTEM_VIEWS = (
    SystemView("running", "Running", "state:progress"),
    SystemView("needs-you", "Needs you", "state:needs"),
    SystemView("failed", "Failed", "state:failed"),
    SystemView("stale", "Stale", "is:stale"),
    SystemView("mine", "Mine", "by:@me is:open"),
)


def views_of(caller: Caller, project: Project) -> list[SavedView]:
    """Return the shared views of a project and the caller's own."""
    mine = Q(owner=None) | Q(owner=caller.user) if caller.user else Q(owner=None)
    return list(SavedView.objects.filter(mine, project=project))


def find_view(caller: Caller, view_id: int) -> SavedView:
    """Return a view that the caller may open."""
    view = SavedView.objects.select_related("project").filter(pk=view_id).first() if 0 < view_id < 2**63 else None
    is_foreign = view is not None and not view.is_shared and (caller.user is None or view.owner_id != caller.user.pk)
    if view is None or is_foreign or not caller.may(Permission.READ, view.project_id):
        raise NotFound(f"There is no view {view_id}.")
    return view


def find_own_view(caller: Caller, view_id: int) -> SavedView:
    """Return a view that the caller may change: one's own, or as a planner a shared one."""
    view = find_view(caller, view_id)
    require_may_keep(caller, view.project_id, shared=view.is_shared)
    return view


def require_may_keep(caller: Caller, project_id: int, *, shared: bool) -> None:
    """Refuse unless the caller may keep a view: shared ones are for planners, the others belong to a person."""
    if shared:
        require(caller, Permission.PLAN, project_id)
    elif caller.user is None or (caller.key and caller.key.scope == Scope.READER):
        raise ScopeMissing("A view of one's own needs a person's own key that may write; send shared: true for everybody's.")
