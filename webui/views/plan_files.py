"""A project's plan as files: download it, and bring it back as a difference that is looked at before it happens."""

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from coordination.errors import Invalid, ScopeMissing, StaleVersion
from coordination.models import Project
from coordination.operations import plan_updates
from coordination.operations.plan_previews import KeptPlan, keep_plan, kept_plan
from coordination.plan_parcel import as_tar, as_zip, unpacked
from coordination.plan_writing import write_plan
from coordination.queries.access import Permission, find_project
from coordination.queries.planned import planned
from webui.requests import Request, actor_of, acts, done, page, server_of, shows, uploaded
from webui.views.files import SANDBOX

OVER = "This preview is over: a plan is kept for a day, for the person who uploaded it. Choose it again below."
ARCHIVES = {"zip": (as_zip, "application/zip", "zip"), "tar": (as_tar, "application/gzip", "tar.gz")}


@shows
def show(request: Request, slug: str) -> HttpResponse:
    """The doors of the plan; `preview` names an upload, and what it would do now stands above them."""
    if key := request.GET.get("preview", ""):
        return _preview(request, find_project(request.caller, slug, Permission.PLAN), key)
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
    """Keep the uploaded plan and lead to what it would create, change and leave alone. Nothing happens."""
    project = find_project(request.caller, slug, Permission.PLAN)
    # A browser that sends a directory says each file's path beside it: the name of an upload is only its last part.
    paths = dict(enumerate(_paths(request.POST.get("paths", ""))))
    try:
        chosen = uploaded(request, "directory", "archive")
        files = unpacked((paths.get(place) or name, content) for place, (name, content) in enumerate(chosen))
        key = keep_plan(project, actor_of(request), KeptPlan(files))
    except Invalid as refusal:
        key = keep_plan(project, actor_of(request), KeptPlan(mistakes=_mistakes(refusal)))
    return redirect(_address(project, key))


@acts
def apply(request: Request, slug: str) -> HttpResponse:
    """Make the project what the previewed plan says, all or nothing; if it cannot be, lead back to the preview, which says why."""
    project = find_project(request.caller, slug, Permission.PLAN)
    key = request.POST.get("preview", "")
    plan = kept_plan(project, actor_of(request), key)
    if plan is None or not plan.files:
        return redirect(_address(project, key))
    try:
        made = plan_updates.update_plan(project, plan.files, caller=request.caller, seen=request.POST.get("seen", ""))
    except (StaleVersion, Invalid, ScopeMissing) as refusal:
        messages.error(request, refusal.sentence)
        return redirect(_address(project, key))
    return done(request, f"The plan is applied: {made.sentences[-1]}.", reverse("plan", args=[slug]))


def _paths(told: str) -> list[str]:
    """Return the paths of the files of a directory, in their order, as the page's script tells them."""
    try:
        paths = json.loads(told or "[]")
    except ValueError:
        return []
    return [str(path) for path in paths] if isinstance(paths, list) else []


def _address(project: Project, key: str) -> str:
    return f"{reverse('plan_files', args=[project.slug])}?{urlencode({'preview': key})}"


def _preview(request: Request, project: Project, key: str) -> HttpResponse:
    plan = kept_plan(project, actor_of(request), key)
    if plan is None:
        return _page(request, project, mistakes=[{"sentence": OVER}], status=404)
    if plan.mistakes:
        return _page(request, project, mistakes=plan.mistakes, status=422)
    # The mark is of a moment before the comparison, so that a change between the two is noticed.
    seen = planned(project).fingerprint
    try:
        diff = plan_updates.preview_plan(project, plan.files, caller=request.caller)
    except (Invalid, ScopeMissing) as refusal:
        return _page(request, project, mistakes=_mistakes(refusal), status=refusal.status)
    return _page(request, project, diff=diff, preview=key, seen=seen)


def _mistakes(refusal: Invalid | ScopeMissing) -> list[dict[str, str]]:
    return refusal.data.get("mistakes") or [{"sentence": refusal.sentence}]


def _page(request: Request, project: Project, **context: Any) -> HttpResponse:
    git_url = f"{server_of(request)}/git/projects/{project.slug}/plan.git"
    return page(request, "plan_files/plan_files.html", project=project, section="plan", git_url=git_url, **context)
