"""A project's plan as files: download it, and bring it back as a difference that is looked at before it happens."""

import json
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from coordination.errors import Invalid, ScopeMissing, StaleVersion
from coordination.models import Project
from coordination.operations import plan_updates
from coordination.plan_parcel import as_tar, as_zip, unpacked, unwrapped, wrapped
from coordination.plan_writing import write_plan
from coordination.queries.access import Permission, find_project
from coordination.queries.planned import planned
from webui.requests import Request, acts, done, page, server_of, shows, uploaded
from webui.views.files import SANDBOX

ARCHIVES = {"zip": (as_zip, "application/zip", "zip"), "tar": (as_tar, "application/gzip", "tar.gz")}


@shows
def show(request: Request, slug: str) -> HttpResponse:
    return _page(request, find_project(request.caller, slug))


@shows
def download(request: Request, slug: str) -> HttpResponse:
    """The plan as an archive; importing it again changes nothing."""
    project = find_project(request.caller, slug)
    pack, kind, ending = ARCHIVES["tar" if request.GET.get("as") == "tar" else "zip"]
    headers = SANDBOX | {"Content-Disposition": f'attachment; filename="{slug}-plan.{ending}"'}
    return HttpResponse(pack(write_plan(planned(project).plan), f"{slug}-plan"), content_type=kind, headers=headers)


@acts
def preview(request: Request, slug: str) -> HttpResponse:
    """What the uploaded plan would create, change and leave alone. Nothing happens."""
    project = find_project(request.caller, slug, Permission.PLAN)
    # A browser that sends a directory says each file's path beside it: the name of an upload is only its last part.
    paths = dict(enumerate(_paths(request.POST.get("paths", ""))))
    try:
        chosen = uploaded(request, "directory", "archive")
        files = unpacked((paths.get(place) or name, content) for place, (name, content) in enumerate(chosen))
        return _preview(request, project, files)
    except (Invalid, ScopeMissing) as refusal:
        return _refused(request, project, refusal)


@acts
def apply(request: Request, slug: str) -> HttpResponse:
    """Make the project what the previewed plan says, all or nothing; one that changed since the preview is shown again."""
    project = find_project(request.caller, slug, Permission.PLAN)
    files = unwrapped(request.POST.get("parcel", ""))
    try:
        made = plan_updates.update_plan(project, files, caller=request.caller, seen=request.POST.get("seen", ""))
    except StaleVersion as stale:
        project.refresh_from_db()
        return _preview(request, project, files, stale=stale.sentence, status=409)
    except (Invalid, ScopeMissing) as refusal:
        return _refused(request, project, refusal)
    return done(request, f"The plan is applied: {made.sentences[-1]}.", reverse("plan", args=[slug]))


def _paths(told: str) -> list[str]:
    """Return the paths of the files of a directory, in their order, as the page's script tells them."""
    try:
        paths = json.loads(told or "[]")
    except ValueError:
        return []
    return [str(path) for path in paths] if isinstance(paths, list) else []


def _preview(request: Request, project: Project, files: dict[str, bytes], **context: Any) -> HttpResponse:
    # The mark is of a moment before the comparison, so that a change between the two is noticed.
    seen = planned(project).fingerprint
    diff = plan_updates.preview_plan(project, files, caller=request.caller)
    return _page(request, project, diff=diff, parcel=wrapped(files) if diff.changes else "", seen=seen, **context)


def _refused(request: Request, project: Project, refusal: Invalid | ScopeMissing) -> HttpResponse:
    mistakes = refusal.data.get("mistakes") or [{"sentence": refusal.sentence}]
    return _page(request, project, mistakes=mistakes, status=refusal.status)


def _page(request: Request, project: Project, **context: Any) -> HttpResponse:
    git_url = f"{server_of(request)}/git/projects/{project.slug}/plan.git"
    return page(request, "plan_files/plan_files.html", project=project, section="plan", git_url=git_url, **context)
