import mimetypes
from pathlib import PurePosixPath
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from coordination import frontmatter
from coordination.errors import Invalid, StaleVersion
from coordination.file_rules import INSTRUCTIONS
from coordination.models import Task
from coordination.operations import files as operations
from coordination.operations import references
from coordination.queries import task_page, versions
from coordination.queries.access import Permission, find_task
from webui import markdown
from webui.forms.file import RenameForm, SaveFileForm
from webui.forms.reference import ReferenceForm, written
from webui.requests import Request, Undo, actor_of, acts, done, for_people, page, shows, typed, uploaded
from webui.views.task import git_url, heading

# A user's file is never a page of ours: no script, no form, no frame, no sniffing.
SANDBOX = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}

MOST_SHOWN = 200_000  # characters of a file on its page
IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF87a": "image/gif", b"GIF89a": "image/gif"}


@shows
def files(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    documents = task_page.documents(task)
    return page(
        request,
        "task/files.html",
        part="task/_files.html",
        **heading(task, "files"),
        documents=documents,
        saved=task_page.saved_files(task, documents.context),
        repositories=task.project.repositories.all() if request.caller.may(Permission.PLAN, task.project_id) else [],
        git_url=git_url(request, task),
    )


@shows
def view(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    path, commit = request.GET.get("path", INSTRUCTIONS), request.GET.get("at", "")
    content = versions.content(task, path, commit)
    version, text = versions.version(task, commit) if commit else None, _text(content)
    return page(
        request,
        "task/view_file.html",
        **heading(task, "files"),
        path=path,
        at=version,
        size=len(content),
        text=text[:MOST_SHOWN] if text else text,
        left_out=max(0, len(text or "") - MOST_SHOWN),
        is_image=bool(_image(content)),
        is_prose=_is_prose(path),
    )


@require_safe
@for_people
def raw(request: Request, task_id: int) -> HttpResponseBase:
    """The bytes of a file: text is shown as text, a picture may be drawn, anything else is only ever downloaded."""
    task = find_task(request.caller, task_id)
    path = request.GET.get("path", INSTRUCTIONS)
    content = versions.content(task, path, request.GET.get("at", ""))
    image = _image(content) if "image" in request.GET else ""
    is_text = _text(content) is not None
    kind = image or ("text/plain; charset=utf-8" if is_text else "application/octet-stream")
    disposition = content_disposition_header(not (is_text or image) or "download" in request.GET, PurePosixPath(path).name)
    headers = SANDBOX | ({"Content-Disposition": disposition} if disposition else {})
    return HttpResponse(content, content_type=kind, headers=headers)


@shows
def edit(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    path = request.GET.get("path", INSTRUCTIONS)
    file = task.files.filter(path=path).first()
    if file is None:
        versions.refuse_bad_name(path)
    elif file.text is None:
        raise Invalid(f"{path} is not text; download it, change it and upload it again.")
    return _editor(request, task, path, file.text or "" if file else "", base=task.head, is_new=file is None)


@acts
def save(request: Request, task_id: int) -> HttpResponse:
    """Save a version. If somebody saved in between, show both texts and lose neither."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(SaveFileForm(request.POST))
    text = wanted["content"].replace("\r\n", "\n")
    before, base = task.head, versions.base_now(task, wanted["base"], [wanted["path"]])
    try:
        operations.save_files(task, {wanted["path"]: text.encode()}, base=base, actor=actor_of(request), message=wanted["message"])
    except StaleVersion as stale:
        task.refresh_from_db()
        return _conflict(request, task, wanted, text, stale.sentence)
    url = reverse("task_files", args=[task.pk])
    path = wanted["path"]
    said = f"Saved a new version of {path}." if task.head != before else f"Nothing changed: {path} reads so already."
    answer = done(request, said, url)
    if request.htmx:  # the editor is left: the sentence is said on the next page
        messages.success(request, said)
        answer = HttpResponse(status=204, headers={"HX-Redirect": url})
    return answer


@acts
def combine(request: Request, task_id: int) -> HttpResponse:
    """Put both texts into the editor as one, to be read and saved; what was typed stays beside it."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(SaveFileForm(request.POST))
    mine = (request.POST.get("mine") or wanted["content"]).replace("\r\n", "\n")
    theirs, merged = versions.merged(task, wanted["path"], request.POST.get("from", ""), mine)
    texts: dict[str, Any] = {"theirs": theirs, "mine": mine, "merged": merged, "was": request.POST.get("from", "")}
    return _editor(request, task, wanted["path"], merged.text, base=task.head, message=wanted["message"], **texts)


@acts
def preview(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    text = request.POST.get("content", "")
    path, base, message = request.POST.get("path", INSTRUCTIONS), request.POST.get("base", ""), request.POST.get("message", "")
    if request.htmx:
        return HttpResponse(_as_shown(path, text))
    return _editor(request, task, path, text, base=base, message=message, shows_preview=True)


@acts
def upload(request: Request, task_id: int) -> HttpResponse:
    """Add the files that were chosen or dropped, all in one version; one that is there gets a new version."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    chosen = uploaded(request, "file")
    if not chosen:
        raise Invalid("Choose at least one file.", field="file")
    news = {f"context/{PurePosixPath(name).name}": content for name, content in chosen}
    names = ", ".join(sorted(news))
    base = versions.base_now(task, request.POST.get("base", ""), news)
    task = operations.save_files(task, news, base=base, actor=actor_of(request), message=f"Upload {names[:400]}")
    undo = restoring(task, base, names) if len(news) == 1 else None
    return done(request, f"Uploaded {names}.", reverse("task_files", args=[task.pk]), undo)


@acts
def rename(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(RenameForm(request.POST))
    old, new = wanted["path"], wanted["name"].strip()
    base = versions.base_now(task, wanted["base"], [old, new])
    task = operations.rename_file(task, old, new, base=base, actor=actor_of(request))
    undo = ("Undo", reverse("rename_file", args=[task.pk]), {"path": new, "name": old, "base": task.head})
    return done(request, f"{old} is called {new} now.", reverse("task_files", args=[task.pk]), undo)


@acts
def delete(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    path = request.POST.get("path", "")
    base = versions.base_now(task, request.POST.get("base", ""), [path])
    task = operations.save_files(task, {path: None}, base=base, actor=actor_of(request), message=f"Delete {path}")
    return done(request, f"Deleted {path}. The history keeps it.", reverse("task_files", args=[task.pk]), restoring(task, base, path))


@acts
def add_reference(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    text = written(typed(ReferenceForm(request.POST)))
    task = references.add_reference(task, text, base=task.head, actor=actor_of(request))
    undo = ("Undo", reverse("remove_reference", args=[task.pk]), {"reference": text})
    return done(request, f"The task is handed out with {text}.", reverse("task_files", args=[task.pk]), undo)


@acts
def remove_reference(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    text = request.POST.get("reference", "")
    task = references.remove_reference(task, text, base=task.head, actor=actor_of(request))
    undo = ("Undo", reverse("add_reference", args=[task.pk]), {"kind": "text", "text": text})
    return done(request, f"{text} is not handed out any more.", reverse("task_files", args=[task.pk]), undo)


def restoring(task: Task, commit: str, path: str) -> Undo | None:
    """Return how a file is brought back as it was at a version, None if there was none."""
    fields = {"commit": commit, "path": path, "base": task.head}
    return ("Undo", reverse("restore_version", args=[task.pk]), fields) if commit else None


def _conflict(request: Request, task: Task, wanted: dict[str, Any], text: str, sentence: str) -> HttpResponse:
    theirs, merged = versions.merged(task, wanted["path"], wanted["base"], text)
    context = {"theirs": theirs, "mine": text, "merged": merged, "was": wanted["base"], "stale": sentence, "status": 409}
    response = _editor(request, task, wanted["path"], text, base=task.head, message=wanted["message"], **context)
    if request.htmx:
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#editing", "outerHTML show:window:top"
    return response


def _editor(request: Request, task: Task, path: str, text: str, *, base: str, status: int = 200, **context: Any) -> HttpResponse:
    shown: dict[str, Any] = {"path": path, "text": text, "base": base, "is_prose": _is_prose(path), "status": status}
    if context.get("shows_preview"):
        shown["preview"] = _as_shown(path, text)
    return page(request, "task/edit_file.html", part="task/_editor.html", **heading(task, "files"), **shown, **context)


def _as_shown(path: str, text: str) -> str:
    """Return a text as its page shows it: prose rendered, anything else as it is."""
    if not _is_prose(path):
        return markdown.as_plain(text)
    try:
        return markdown.render(frontmatter.parse(text).text if path == INSTRUCTIONS else text)
    except frontmatter.BadFrontMatter as fault:
        return format_html('<p class="refusal">{}</p>{}', str(fault), markdown.render(text))


def _text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _image(content: bytes) -> str:
    """Return the media type of a picture, told by how it begins, that holds no script whoever made it; "" for anything else."""
    return next((kind for start, kind in IMAGES.items() if content.startswith(start)), "")


def _is_prose(path: str) -> bool:
    return (mimetypes.guess_type(path)[0] or "") == "text/markdown" or path.endswith((".md", ".markdown"))
