"""/projects/{slug}/members"""

from django.http import HttpResponse
from ninja import Router

from coordination.api.answers import nothing, page, polled
from coordination.api.door import Request
from coordination.api.shapes.members import MemberPage, MemberTold, RoleAsked, member_told
from coordination.operations import projects
from coordination.queries.access import Permission, find_project
from coordination.queries.project_settings import find_member, find_person, members_of

router = Router(tags=["projects"])


@router.get("/projects/{slug}/members", response=MemberPage, operation_id="listMembers")
def list_members(request: Request, slug: str) -> HttpResponse:
    """List the people who have a role in the project, by name."""
    project = find_project(request.auth, slug, Permission.PLAN)
    return page(request, [member_told(each) for each in members_of(project)], None)


@router.put("/projects/{slug}/members/{username}", response=MemberTold, operation_id="grantRole")
def grant_role(request: Request, slug: str, username: str, body: RoleAsked) -> HttpResponse:
    """Give a person a role in the project, or another one."""
    project = find_project(request.auth, slug, Permission.ADMIN)
    return polled(request, member_told(projects.grant_role(project, find_person(username), body.role, actor=request.auth.actor)))


@router.delete("/projects/{slug}/members/{username}", response={204: None}, operation_id="revokeRole")
def revoke_role(request: Request, slug: str, username: str) -> HttpResponse:
    """Take a person's role in the project away."""
    project = find_project(request.auth, slug, Permission.ADMIN)
    projects.revoke_role(project, find_member(project, username).user, actor=request.auth.actor)
    return nothing()
