"""What templates need: icons, states as icon and word, times, Markdown, forms that post in place."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coordination.lifecycle import STATE_AFTER, AgentState, Outcome, PhaseState, State, band_of
from coordination.models import Agent, Project
from coordination.queries.activity import Entry
from coordination.queries.agent_titles import agent_titles
from coordination.queries.needs_you import MOST_COUNTED
from webui import markdown, places, words
from webui.filtering import Bar

register = template.Library()

TIED = "\N{NO-BREAK SPACE}"
BAR_ORDER = ("done", "needs", "running", "queued", "failed", "waiting")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw an icon; with a label it speaks for itself, without one the text beside it does."""
    return _drawn(name, label)


@lru_cache(maxsize=1000)  # a board draws hundreds, of a few kinds
def _drawn(name: str, label: str) -> SafeString:
    href = f"{static('webui/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@lru_cache(maxsize=100)
def _badge(look: words.Look) -> SafeString:
    return format_html('<span class="state tone-{}">{}{}</span>', look.tone, icon(look.icon), look.word)


@register.filter
def capped(count: int) -> str:
    """Return how much waits for a person, which is counted up to a limit only."""
    return str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


@register.simple_tag
def state(value: str) -> SafeString:
    return _badge(words.OF_STATE[State(value)])


@register.simple_tag
def phase_state(value: str) -> SafeString:
    return _badge(words.OF_PHASE[PhaseState(value)])


@register.simple_tag
def agent_state(value: str) -> SafeString:
    return _badge(words.OF_AGENT[AgentState(value)])


@register.filter
def agent_tone(value: str) -> str:
    return f"tone-{words.OF_AGENT[AgentState(value)].tone}"


@register.filter
def holder_tone(agent: Agent) -> str:
    """Return the tone of an agent that holds a task: it is at work, or not heard of."""
    return agent_tone(AgentState.SILENT if agent.silent_since else AgentState.ACTIVE)


@register.simple_tag
def outcome(value: str) -> SafeString:
    return _badge(words.OF_OUTCOME[Outcome(value)]) if value else _badge(words.OF_STATE[State.RUNNING])


@register.filter
def phase_tone(value: str) -> str:
    return words.OF_PHASE[PhaseState(value)].tone


@register.simple_tag
def band(priority: int) -> SafeString:
    name = band_of(priority)
    look = words.OF_BAND[name]
    return format_html('<span class="band band-{}" title="Priority {} of 0 to 100">{}{}</span>', name, priority, icon(look.icon), look.word)


@register.simple_tag
def ago(when: datetime | None, empty: str = "never") -> SafeString:
    """Say how long ago (or how soon) something is; the exact time is in the title."""
    if when is None:
        return format_html('<span class="muted">{}</span>', empty)
    local = timezone.localtime(when)
    exact = f"{local:%a} {local.day} {local:%b %Y %H:%M:%S %Z}"
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>', when.isoformat(timespec="seconds"), exact, relative(timezone.now() - when)
    )


@register.simple_tag
def age(since: datetime) -> SafeString:
    """Say how long something has lasted, for a card, where every letter counts."""
    return _since(since, "short", relative(timezone.now() - since).removesuffix(" ago"))


@register.simple_tag
def lasting(since: datetime) -> SafeString:
    """Say for how long something goes on: `for 1 h`, `now` at first."""
    words_of = relative(timezone.now() - since)
    return _since(since, "for", f"for {words_of.removesuffix(' ago')}" if words_of.endswith(" ago") else words_of)


def _since(since: datetime, kind: str, words_of: str) -> SafeString:
    """Draw a length of time that js/times.js keeps current; since when exactly is in the title."""
    local = timezone.localtime(since)
    exact = f"since {local:%a} {local.day} {local:%b %Y %H:%M:%S %Z}"
    moment = since.isoformat(timespec="seconds")
    return format_html('<time datetime="{}" title="{}" data-ago="{}">{}</time>', moment, exact, kind, words_of)


def relative(age: timedelta) -> str:
    """Return an age as people say it; js/times.js says it the same way."""
    seconds = round(age.total_seconds())
    if abs(seconds) < 5:
        return "now"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if abs(seconds) >= size:
            amount = f"{(abs(seconds) + (size // 2 if seconds < 0 else 0)) // size} {unit}"  # what is to come is rounded
            return f"{amount} ago" if seconds > 0 else f"in {amount}"
    return "now"


@register.filter
def fours(text: str) -> list[str]:
    """Return the text in pieces of four, as people read a key aloud."""
    return [text[at : at + 4] for at in range(0, len(text), 4)]


@register.filter
def duration(value: timedelta | float | None) -> str:
    """Return a length of time in its two largest units."""
    if value is None:
        return ""
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else float(value))
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            parts.append(f"{seconds // size}{TIED}{unit}")
            seconds %= size
    return TIED.join(parts[:2]) or f"0{TIED}s"


@register.filter
def duration_short(value: timedelta) -> str:
    """Return a length of time in its largest unit, for a card."""
    return relative(value).removesuffix(" ago")


@register.filter(name="markdown")
def as_markdown(text: str) -> SafeString:
    return markdown.render(text or "")


@register.filter
def excerpt(text: str, most: int) -> str:
    return markdown.excerpt(text, most)


@register.filter
def markdown_line(text: str) -> SafeString:
    return markdown.render_line(text)


@register.simple_tag(takes_context=True)
def who(context: Context, actor: str) -> str:
    """Return what a stored actor, which is kept as kind:name, is called: an agent by its title."""
    kind, _, name = actor.rpartition(":")
    return called(context, kind, name)


@register.simple_tag(takes_context=True)
def called(context: Context, kind: str, name: str, title: str | None = None) -> str:
    """Return what somebody who acted is called: an agent by its title. The titles are read once for a page, if an agent is on it."""
    if kind == "system":
        return words.OF_ACTOR[kind].word
    if kind != "agent" or title:
        return title if kind == "agent" and title else name
    request = context.get("request")
    given = context.get("agent_titles")
    kept = getattr(request, "agent_titles", None) if given is None else given
    titles: dict[str, str] = agent_titles() if kept is None else kept
    if request is not None:
        request.agent_titles = titles
    return titles.get(name, name)


@register.filter
def short(commit: str) -> str:
    return commit[:8]


@register.filter
def money(value: Decimal | None) -> str:
    return "" if value is None else f"${value:,.2f}"


@register.filter
def bytes_as_text(size: int) -> str:
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


@register.simple_tag
def state_bar(tones: Mapping[str, int], label: str = "") -> SafeString:
    """Draw the share of each tone as one bar. The numbers are in its label, so nothing hangs on colour."""
    total = sum(tones.values())
    spoken = ", ".join(f"{tones[tone]} {tone}" for tone in BAR_ORDER if tones.get(tone)) or "no tasks"
    pieces: list[tuple[str, str, str]] = []
    start = 0.0
    for tone in BAR_ORDER:
        width = 100 * tones.get(tone, 0) / total if total else 0
        if width:
            pieces.append((tone, f"{start:.3f}", f"{width:.3f}"))
        start += width
    rects = format_html_join("", '<rect class="bar-{}" x="{}" width="{}" height="1"/>', pieces)
    return format_html(
        '<svg class="bar" role="img" viewBox="0 0 100 1" preserveAspectRatio="none" aria-label="{}{}">{}</svg>',
        f"{label}: " if label else "",
        spoken,
        rects,
    )


@register.simple_tag
def posts_to(url: str) -> SafeString:
    """Make a form post in place with htmx and, without it, as a plain form. A refusal is shown inside the form."""
    return format_html('method="post" action="{}" hx-post="{}" hx-swap="none"', url, url)


@register.simple_tag
def sheets(*names: str) -> SafeString:
    """Link stylesheets that only some pages need: for the block of that name in the head."""
    links = [(static(f"webui/css/{name}.css"),) for name in names]
    return format_html_join("\n  ", '<link rel="stylesheet" href="{}">', links)


@register.simple_tag
def scripts(*names: str) -> SafeString:
    """Load modules that only some pages need: for the block of that name in the head.

    A browser runs them before it calls the page loaded; of what a script imports later it does not know, and neither does whoever
    presses a key by then.
    """
    sources = [(static(f"webui/js/{name}.js"),) for name in names]
    return format_html_join("", '\n  <script src="{}" type="module"></script>', sources)


@register.simple_tag
def live_part(url: str, topics: str = "board", every: int = 0) -> SafeString:
    """Make an element fetch itself again when one of the topics is signalled; see js/live.js for what a morph keeps.

    The topic `figures` is for what costs many rows to draw: it comes every few seconds at most, and waits while nobody looks.
    `every` so many seconds it asks even so: a heartbeat is no event, so nothing signals it. What stands inside does not share its
    queue, which keeps one request alone: a form's post would be thrown away for a refresh.
    """
    asks = [f"every {every}s"] if every else []
    triggers = ", ".join([*(f"sse:{topic}" for topic in topics.split(",")), "muster:changed from:body", *asks])
    attributes = 'hx-get="{}" hx-trigger="{}" hx-swap="morph:innerHTML" hx-sync="this:queue last" hx-disinherit="hx-sync"'
    return format_html(attributes, url, triggers)


@register.simple_tag
def places_of(project: Project | None) -> list[places.Link]:
    return places.of_project(project) if project else []


@register.simple_tag
def more_than_tabs(links: list[places.Link]) -> list[places.Link]:
    return [link for link in links if not link.place.is_tab]


@register.filter
def browser(user_agent: str) -> str:
    """Return the browser and the system that a User-Agent names, as far as it can be guessed."""
    made = next((name for word, name in words.BROWSERS if word in user_agent), "A browser")
    system = next((name for word, name in words.SYSTEMS if word in user_agent), "")
    return f"{made} on {system}" if system else made


@register.filter
def undo_of(message: Message) -> dict[str, Any] | None:
    """Return what a message offers to take back, as webui.requests.done() wrote it, or None."""
    tags = message.extra_tags or ""
    return json.loads(tags) if tags.startswith("{") else None


@register.filter
def get(mapping: Mapping[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.filter
def column_icon(key: str) -> str:
    return words.OF_COLUMN[key].icon


@register.filter
def column_tone(key: str) -> str:
    return words.OF_COLUMN[key].tone


@register.filter
def lines(items: list[str]) -> str:
    return "\n".join(items)


@register.filter
def event_icon(kind: str) -> str:
    if kind == "task.created":
        return "plus"
    if kind in STATE_AFTER:
        return words.OF_STATE[STATE_AFTER[kind]].icon
    return words.OF_EVENT.get(kind.split(".", 1)[0], "circle")


@register.filter
def event_tone(kind: str) -> str:
    return f"tone-{words.OF_STATE[STATE_AFTER[kind]].tone}" if kind in STATE_AFTER and kind != "task.created" else ""


@register.filter
def actor_icon(kind: str) -> str:
    return words.OF_ACTOR.get(kind, words.OF_ACTOR["system"]).icon


@register.filter
def actor_word(kind: str) -> str:
    return words.OF_ACTOR.get(kind, words.OF_ACTOR["system"]).word


@register.simple_tag
def event_words(entry: Entry, tab: str = "") -> str:
    """Say what an event did, without who and to which task: the page says those as links, on a task's own page (`tab`) no task."""
    if entry.event.kind == "member.granted" and {"user", "role"} <= entry.event.data.keys():
        return f"gave {entry.event.data['user']} the role {entry.event.data['role']}"
    words_of = words.of_event(entry.event.kind, names_task=bool(entry.event.task_id) and tab != "activity", is_here=tab == "activity")
    about = entry.phase_name if entry.event.kind.startswith("phase.") else entry.agent_name if entry.event.kind.startswith("agent.") else ""
    return f"{words_of} {about}".rstrip()


@register.filter
def state_icon(value: str) -> str:
    return words.OF_STATE[State(value)].icon


@register.filter
def state_tone(value: str) -> str:
    return f"tone-{words.OF_STATE[State(value)].tone}"


@register.simple_tag
def plus(bar: Bar, name: str, value: object) -> str:
    """Return the address of the page with one more value in its filter."""
    return bar.address(q=bar.wanted.plus(name, value).text)
