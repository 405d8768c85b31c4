from django.http import HttpResponse
from django.urls import reverse

from coordination.errors import Invalid, NotFound
from coordination.models import Project, Role, Webhook
from coordination.operations import projects
from coordination.queries.access import Permission, find_project, find_project_to_set, kept_for_admins
from coordination.queries.channels import channels_of
from coordination.queries.project_settings import find_person, keys_of, members_of
from webui.forms.channel import ChannelForm
from webui.forms.key import KeyForm
from webui.forms.member import MemberForm
from webui.forms.project import ProjectSettingsForm, SlugForm
from webui.requests import Request, actor_of, acts, done, led, page, server_of, shows, typed


@shows
def show(request: Request, slug: str) -> HttpResponse:
    return settings_page(request, find_project(request.caller, slug))


def settings_page(
    request: Request, project: Project, *, new_key: str = "", new_secret: str = "", of_hook: Webhook | None = None
) -> HttpResponse:
    """Show the settings; what a form made and is shown only once comes with them."""
    may_admin = request.caller.may(Permission.ADMIN, project.pk)
    form = ProjectSettingsForm(initial=ProjectSettingsForm.initial_of(project), without=_not_for(request, project))
    return page(
        request,
        "project_settings/settings.html",
        part="project_settings/_channels.html",
        project=project,
        section="settings",
        form=form.says_spent(project),
        members=members_of(project),
        member_form=MemberForm(auto_id="member_%s"),
        roles=Role.choices,
        keys=keys_of(project) if may_admin else [],
        key_form=KeyForm(auto_id="key_%s"),
        new_key=new_key,
        channels=channels_of(project) if may_admin else [],
        channel_form=ChannelForm(auto_id="channel_%s"),
        new_secret=new_secret,
        of_hook=of_hook,
        server=server_of(request),
    )


def _not_for(request: Request, project: Project) -> list[str]:
    return kept_for_admins(request.caller, project, ProjectSettingsForm.settings())


@acts
def save(request: Request, slug: str) -> HttpResponse:
    project = find_project_to_set(request.caller, slug, ProjectSettingsForm.settings() & request.POST.keys())
    wanted = typed(ProjectSettingsForm(request.POST, without=_not_for(request, project)))
    projects.edit_project(project, wanted, actor=actor_of(request), expected_version=wanted.pop("version"))
    return led(request, "The settings are saved.", reverse("project_settings", args=[slug]))


@acts
def resume(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    projects.resume_project(project, actor=actor_of(request))
    return done(request, f"{project.name} goes on.", reverse("plan", args=[slug]))


@acts
def grant(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.ADMIN)
    wanted = typed(MemberForm(request.POST))
    user = find_person(wanted["username"])
    before = project.memberships.filter(user=user).first()
    projects.grant_role(project, user, wanted["role"], actor=actor_of(request))
    undo = ("Undo", reverse("grant_role", args=[slug]), wanted | {"role": before.role}) if before else None
    return led(request, f"{user.get_username()} is {wanted['role']} now.", reverse("project_settings", args=[slug]), undo=undo)


@acts
def revoke(request: Request, slug: str, user_id: int) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.ADMIN)
    member = members_of(project).filter(user=user_id).first()
    if member is None:
        raise NotFound("This person is no member of the project.")
    projects.revoke_role(project, member.user, actor=actor_of(request))
    again = ("Undo", reverse("grant_role", args=[slug]), {"username": member.user.get_username(), "role": member.role})
    return led(request, f"{member.user.get_username()} is no member any more.", reverse("project_settings", args=[slug]), undo=again)


@acts
def delete(request: Request, slug: str) -> HttpResponse:
    """Delete the whole project, once its slug was typed: there is no undo."""
    project = find_project(request.caller, slug, Permission.ADMIN)
    if typed(SlugForm(request.POST))["slug"].strip() != project.slug:
        raise Invalid(f"Type the project's slug, {project.slug}, to delete it.", field="slug")
    projects.delete_project(project, actor=actor_of(request))
    return led(request, f"{project.name} and everything in it is deleted.", reverse("home"))
