import mimetypes
from pathlib import PurePosixPath
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header

from coordination.errors import Invalid, StaleVersion
from coordination.file_rules import INSTRUCTIONS
from coordination.models import Task
from coordination.operations import files as operations
from coordination.queries import task_page, versions
from coordination.queries.access import Permission, find_task
from webui import markdown
from webui.forms import SaveFileForm, UploadForm
from webui.requests import Request, actor_of, acts, done, for_people, page, shows, typed
from webui.views.task import heading

# A user's file is never a page of ours: no script, no form, no frame, no sniffing.
SANDBOX = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


@shows
def files(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    return page(request, "task/files.html", part="task/_files.html", **heading(task, "files"), about=task_page.overview(task))


@shows
def view(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    path, commit = request.GET.get("path", INSTRUCTIONS), request.GET.get("at", "")
    content = versions.content(task, path, commit)
    version = versions.version(task, commit) if commit else None
    return page(
        request,
        "task/view_file.html",
        **heading(task, "files"),
        path=path,
        at=version,
        size=len(content),
        text=_text(content),
        is_prose=_is_prose(path),
    )


@for_people
def raw(request: Request, task_id: int) -> HttpResponseBase:
    """The bytes of a file: text is shown as text, anything else is only ever downloaded."""
    task = find_task(request.caller, task_id)
    path = request.GET.get("path", INSTRUCTIONS)
    content = versions.content(task, path, request.GET.get("at", ""))
    is_text = _text(content) is not None
    kind = "text/plain; charset=utf-8" if is_text else "application/octet-stream"
    disposition = content_disposition_header(not is_text or "download" in request.GET, PurePosixPath(path).name)
    headers = SANDBOX | ({"Content-Disposition": disposition} if disposition else {})
    return HttpResponse(content, content_type=kind, headers=headers)


@shows
def edit(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    path = request.GET.get("path", INSTRUCTIONS)
    file = task.files.filter(path=path).first()
    if file is not None and file.text is None:
        raise Invalid(f"{path} is not text; download it, change it and upload it again.")
    return _editor(request, task, path, file.text or "" if file else "", base=task.head, is_new=file is None)


@acts
def save(request: Request, task_id: int) -> HttpResponse:
    """Save a version. If somebody saved in between, show both texts and lose neither."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    form = SaveFileForm(request.POST)
    wanted = typed(form)
    text = wanted["content"].replace("\r\n", "\n")
    try:
        operations.save_files(
            task, {wanted["path"]: text.encode()}, base=wanted["base"], actor=actor_of(request), message=wanted["message"]
        )
    except StaleVersion as stale:
        task.refresh_from_db()
        theirs = task.files.filter(path=wanted["path"]).first()
        context: dict[str, Any] = {
            "theirs": theirs.text if theirs else "",
            "stale": stale.sentence,
            "difference": stale.data.get("diff", ""),
            "status": 409,
        }
        return _editor(request, task, wanted["path"], text, base=task.head, message=wanted["message"], **context)
    return done(request, f"Saved a new version of {wanted['path']}.", reverse("task_files", args=[task.pk]))


@acts
def preview(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    text = request.POST.get("content", "")
    path, base, message = request.POST.get("path", INSTRUCTIONS), request.POST.get("base", ""), request.POST.get("message", "")
    if request.htmx:
        return HttpResponse(markdown.render(text))
    return _editor(request, task, path, text, base=base, message=message, shows_preview=True)


@acts
def upload(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(UploadForm(request.POST, request.FILES))
    name = f"context/{PurePosixPath(wanted['file'].name).name}"
    operations.save_files(task, {name: wanted["file"].read()}, base=wanted["base"], actor=actor_of(request), message=f"Upload {name}")
    return done(request, f"Uploaded {name}.", reverse("task_files", args=[task.pk]))


@acts
def delete(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    path = request.POST.get("path", "")
    operations.save_files(task, {path: None}, base=request.POST.get("base", ""), actor=actor_of(request), message=f"Delete {path}")
    return done(request, f"Deleted {path}. The history keeps it.", reverse("task_files", args=[task.pk]))


def _editor(request: Request, task: Task, path: str, text: str, *, base: str, status: int = 200, **context: Any) -> HttpResponse:
    return page(request, "task/edit_file.html", **heading(task, "files"), path=path, text=text, base=base, status=status, **context)


def _text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _is_prose(path: str) -> bool:
    return (mimetypes.guess_type(path)[0] or "") == "text/markdown" or path.endswith((".md", ".markdown"))
