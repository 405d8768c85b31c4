"""What changed: in one version, or between any two places of a task's history."""

from dataclasses import asdict
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import reverse

from coordination.errors import Invalid
from coordination.lifecycle import State
from coordination.models import DiffLayout, Task, User
from coordination.operations import preferences, reading
from coordination.queries import versions
from coordination.queries.access import Permission, find_task
from coordination.queries.points import COMMIT, NOW, Point, point, points
from coordination.queries.remarks import remarks, viewed
from coordination.queries.sealing import RECORD
from repo_store import FileChange, Version
from webui.diffpage import CONTEXTS, EVERYTHING, FILES, Asked, DiffPage, key_of, mark_of
from webui.diffrows import Gap, lines_between
from webui.difftable import STEP, Table
from webui.highlighting import Painter
from webui.requests import Request, acts, number, page, sent_back, shows
from webui.views.task import heading

RECENT = 30  # versions that the picker offers


@shows
def commit(request: Request, task_id: int, sha: str) -> HttpResponse:
    """One version: who, when, why, and what it changed."""
    task = find_task(request.caller, task_id)
    version = versions.version(task, sha)
    old = point(task, version.parent) if version.parent else None
    address = f"{reverse('commit', args=[task.pk, version.commit])}?"
    return _page(
        request, task, old, point(task, version.commit), address, version=version, is_commit=True, on_main=versions.is_on_main(task, sha)
    )


@shows
def compare(request: Request, task_id: int) -> HttpResponse:
    """Any two places: `from` and `to` are commits, `now`, `attempt:2` or `attempt:2:result`; without `from`, what `to` changed."""
    task = find_task(request.caller, task_id)
    new = point(task, request.GET.get("to") or NOW)
    version = versions.version(task, new.commit)
    if not request.GET.get("from"):
        return redirect("commit", task.pk, version.commit) if "to" in request.GET else _pick(request, task, new, version)
    old = point(task, request.GET["from"])
    base = versions.version(task, old.commit)
    if COMMIT.fullmatch(old.name) and COMMIT.fullmatch(new.name) and base.when > version.when:
        return redirect(f"{request.path}?{urlencode({'from': new.name, 'to': old.name})}")
    address = f"{reverse('compare', args=[task.pk])}?{urlencode({'from': old.name, 'to': new.name})}&"
    return _page(request, task, old, new, address, version=version, base=base, **_picker(task, old, new))


def _pick(request: Request, task: Task, new: Point, version: Version) -> HttpResponse:
    """Without a question, compare the newest version with the one before it, under the picker."""
    old = point(task, version.parent) if version.parent else None
    base = versions.version(task, old.commit) if old else None
    address = f"{reverse('compare', args=[task.pk])}?{urlencode({'from': old.name if old else '', 'to': new.name})}&"
    return _page(request, task, old, new, address, version=version, base=base, **_picker(task, old, new))


def _picker(task: Task, old: Point | None, new: Point) -> dict[str, Any]:
    """Return what can be chosen: places with a name, the newest versions, and what is chosen already."""
    named = points(task)
    recent = versions.history(task, limit=RECENT).items
    known = {each.name for each in named} | {each.commit for each in recent}
    return {"named": named, "recent": recent, "others": [each for each in (old, new) if each and each.name not in known], "picks": True}


def _page(request: Request, task: Task, old: Point | None, new: Point, address: str, **context: Any) -> HttpResponse:
    asked, user = Asked.of(request.GET), cast(User, request.user)
    comparison = versions.compare(task, old.commit if old else None, new.commit, asked.view)
    may_plan = request.caller.may(Permission.PLAN, task.project_id)
    seen, found = viewed(user, task), remarks(task)
    diff = DiffPage(
        task=task,
        comparison=comparison,
        asked=asked,
        layout=user.diff_layout,
        address=address,
        may_remark=may_plan,
        viewed=seen,
        remarks=found,
        caller=request.caller,
        of_attempt=new.name.endswith(":result"),
        token=get_token(request),
    )
    shown = sorted(diff.files(), key=lambda each: each.is_record)
    is_record = {change.path: diff.of_attempt and change.path in RECORD for change in comparison.changes}
    # What the agent did comes before what the server writes of it, which nobody has to read.
    changes = sorted(comparison.changes, key=lambda change: is_record[change.path])
    listed = [(change, key_of(change.path), not is_record[change.path] and seen.get(change.path) == mark_of(change)) for change in changes]
    here = {change.path for change, _ in comparison.files}
    return page(
        request,
        "history/diff.html",
        **heading(task, "history"),
        comparison=comparison,
        old=old,
        new=new,
        files=shown,
        listed=[(change, key, is_viewed, _place(address, asked, change, here, at)) for at, (change, key, is_viewed) in enumerate(listed)],
        viewed_count=sum(is_viewed for _, _, is_viewed in listed),
        work=[change for change in changes if not is_record[change.path]],
        records=sum(is_record.values()),
        has_rows=user.diff_layout != DiffLayout.PROSE or any(each.state == "rows" for each in shown),
        asked=asked,
        layout=user.diff_layout,
        layouts=DiffLayout.choices,
        address=address,
        may_mark=True,
        reviewed=_reviewed(task, new) if may_plan else None,
        waiting_remarks=sum(each.resolved_at is None for each in found),
        permalink=_permalink(task, old, new, is_commit="is_commit" in context),
        contexts=[(words, f"{address}{asked.query(context=value)}", is_now) for words, value, is_now in _contexts(asked)],
        spaces_url=f"{address}{asked.query(spaces='0' if asked.spaces else '')}",
        all_files_url=f"{address}{asked.query(only='', context='')}",
        turns=_turns(address, asked, len(comparison.changes)),
        fields=_fields(address, asked),
        **context,
    )


def _reviewed(task: Task, new: Point) -> int | None:
    """Return the number of the attempt that waits for a review, if this is its work."""
    return task.attempts_made if task.state == State.REVIEW and new.name == f"attempt:{task.attempts_made}:result" else None


def _contexts(asked: Asked) -> list[tuple[str, object, bool]]:
    numbers: list[tuple[str, object, bool]] = [(str(each), each if each != CONTEXTS[0] else "", asked.context == each) for each in CONTEXTS]
    return [*numbers, ("all", "all", asked.context == EVERYTHING)]


def _place(address: str, asked: Asked, change: FileChange, here: set[str], at: int) -> str:
    """Return where on which page a file of the comparison is."""
    if change.path in here:
        return f"#{key_of(change.path)}"
    return f"{address}{asked.query(only='', first=at - at % FILES or '')}#{key_of(change.path)}"


def _permalink(task: Task, old: Point | None, new: Point, *, is_commit: bool) -> str:
    if is_commit or old is None:
        return reverse("commit", args=[task.pk, new.commit])
    return f"{reverse('compare', args=[task.pk])}?{urlencode({'from': old.commit, 'to': new.commit})}"


def _turns(address: str, asked: Asked, count: int) -> dict[str, Any]:
    """Return the addresses of the page before and after this one, and what this one holds."""
    if asked.only or count <= FILES:
        return {}
    first = min(asked.first, count - 1)
    last = min(first + FILES, count)
    return {
        "first": first + 1,
        "last": last,
        "count": count,
        "before": f"{address}{asked.query(first=max(0, first - FILES) or '')}" if first else "",
        "after": f"{address}{asked.query(first=last)}" if last < count else "",
    }


def _fields(address: str, asked: Asked) -> list[tuple[str, str]]:
    """Return this page's address as the fields of a form that leads back to it."""
    pairs = f"{address.partition('?')[2]}{asked.query()}"
    return parse_qsl(pairs)


@shows
def lines(request: Request, task_id: int) -> HttpResponse:
    """Some lines of a file that a diff left out, as the rows that take the place of the gap."""
    task = find_task(request.caller, task_id)
    commit, path, layout = (request.GET.get(name, "") for name in ("at", "path", "layout"))
    first, last, offset = number(request.GET.get("first")), number(request.GET.get("last")), _signed(request.GET.get("offset", ""))
    entry = next((each for each in versions.files_at(task, commit) if each.path == path), None)
    known = Painter().lines(entry.blob, path, versions.content(task, path, commit)) if entry else []
    if first is None or last is None or offset is None or not 1 <= first <= last <= len(known):
        raise Invalid("These lines are not in this version of the file; load the page again.")
    gap = Gap(first, last, offset, at_start="start" in request.GET, at_end="end" in request.GET)
    table = Table(
        key=key_of(path),
        layout=layout if layout in DiffLayout.values else DiffLayout.UNIFIED,
        may_remark=request.caller.may(Permission.PLAN, task.project_id),
        more_url=f"{request.path}?{urlencode({'at': commit, 'path': path, 'layout': layout})}",
        whole_url=f"{reverse('view_file', args=[task.pk])}?{urlencode({'path': path, 'at': commit})}",
    )
    return HttpResponse(table.drawn(_opened(gap, known, request.GET.get("take", "all"))), headers={"Cache-Control": "private, no-store"})


def _opened(gap: Gap, known: list[str], take: str) -> list[Any]:
    """Return the lines of a gap that are asked for, with a smaller gap for the rest."""
    if take == "head" and gap.size > STEP:
        end = gap.first + STEP - 1
        rest = Gap(**{**asdict(gap), "first": end + 1, "at_start": False})
        return [*lines_between(gap.offset, known, gap.first, end), rest]
    if take == "tail" and gap.size > STEP:
        begin = gap.last - STEP + 1
        rest = Gap(**{**asdict(gap), "last": begin - 1, "at_end": False})
        return [rest, *lines_between(gap.offset, known, begin, gap.last)]
    return list(lines_between(gap.offset, known, gap.first, gap.last))


def _signed(raw: str) -> int | None:
    found = number(raw.removeprefix("-"))
    return None if found is None else -found if raw.startswith("-") else found


@acts
def choose_layout(request: Request) -> HttpResponse:
    """Show diffs in another layout from now on, and return to where the choice was made."""
    preferences.choose_layout(cast(User, request.user), request.POST.get("layout", ""))
    return sent_back(request, reverse("home"))


@acts
def mark(request: Request, task_id: int) -> HttpResponse:
    """Remember, or forget, that this person has read a file's change."""
    task, user = find_task(request.caller, task_id), cast(User, request.user)
    path, change = request.POST.get("path", ""), request.POST.get("change", "")
    wanted = request.POST.get("viewed") == "1"
    if wanted:
        reading.mark_viewed(user, task, path, change)
    else:
        reading.unmark_viewed(user, task, path)
    if request.htmx:
        return page(request, "history/_viewed.html", **heading(task, "history"), path=path, mark=change, key=key_of(path), viewed=wanted)
    return sent_back(request, reverse("task_history", args=[task.pk]))
