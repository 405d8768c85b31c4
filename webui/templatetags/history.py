"""What pages about versions need: who wrote one, and how much it changed."""

import re
from collections.abc import Iterable

from django import template
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coordination.models import LineComment
from coordination.queries.project_log import LogEntry
from coordination.queries.remarks import may_delete
from repo_store import Author, FileCount
from webui.templatetags.muster import called, icon

register = template.Library()

MAIL = re.compile(r"(person|agent|key|system)-\d+@muster\.invalid")
AUTHORS = {
    "person": ("user", "person"),
    "agent": ("bot", "agent"),
    "key": ("key-round", "API key"),
    "system": ("server", "Muster"),
}
STRANGE = ("git-commit-horizontal", "written outside Muster and pushed")
BLOCKS = 5


@register.simple_tag
def author_icon(who: str) -> SafeString:
    """Draw what kind of author someone is: `who` is a kind, or the mail address of a commit."""
    match = MAIL.fullmatch(who)
    name, words = AUTHORS.get(match[1] if match else who, STRANGE)
    return format_html('<span class="author-kind" title="{}">{}</span>', words.capitalize(), icon(name, words))


@register.simple_tag(takes_context=True)
def commit_author(context: Context, author: Author) -> str:
    """Return what the author of a commit is called: an agent by its title."""
    match = MAIL.fullmatch(author.email)
    return called(context, match[1] if match else "", author.name)


@register.simple_tag
def churn(counts: Iterable[FileCount] | None) -> SafeString:
    """Draw how many lines came and went; the numbers stand beside the bar."""
    known = [each for each in counts or () if each.additions is not None]
    if not known:
        return format_html('<span class="churn muted small">{}</span>', "not counted" if counts else "")
    return churn_of(sum(each.additions or 0 for each in known), sum(each.deletions or 0 for each in known))


@register.simple_tag
def churn_of(additions: int | None, deletions: int | None) -> SafeString:
    if additions is None or deletions is None:
        return format_html('<span class="churn muted small">{}</span>', "not text")
    green, red = _blocks(additions, deletions)
    tones = ["added"] * green + ["removed"] * red
    tones += ["none"] * (BLOCKS - len(tones))
    rects = format_html_join(
        "", '<rect class="churn-{}" x="{}" width="7" height="8" rx="1.500"/>', [(t, 8 * at) for at, t in enumerate(tones)]
    )
    return format_html(
        '<span class="churn"><span class="figure-added">+{}</span> <span class="figure-removed">−{}</span>'
        '<svg class="churn-bar" viewBox="0 0 39 8" aria-hidden="true">{}</svg></span>',
        additions,
        deletions,
        rects,
    )


def _blocks(additions: int, deletions: int) -> tuple[int, int]:
    """Return how many blocks each side gets: as many as the other for as many lines, and one at least where there are any."""
    if not additions or not deletions:
        return (BLOCKS if additions else 0), (BLOCKS if deletions else 0)
    if additions == deletions:
        return min(additions, BLOCKS // 2), min(deletions, BLOCKS // 2)
    green = min(max(round(BLOCKS * additions / (additions + deletions)), 1), BLOCKS - 1)
    return green, BLOCKS - green


@register.simple_tag(takes_context=True)
def deletable(context: Context, remark: LineComment) -> bool:
    """Return whether the reader may delete this remark."""
    request = context.get("request")
    return may_delete(remark, request.caller if request else context["caller"])


@register.filter
def step_title(entry: LogEntry) -> str:
    """Say what a step of a project's log was, in its author's words if there are any."""
    if entry.kind == "sealed":
        return f"Result of attempt {entry.attempt} sealed"
    return first_line(entry.message) or ("Rebuilt from the database" if entry.kind == "rebuilt" else "A new version")


@register.filter
def first_line(text: str) -> str:
    return text.split("\n", 1)[0]


@register.filter
def other_lines(text: str) -> str:
    return text.partition("\n")[2].strip("\n")
