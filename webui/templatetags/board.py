"""What the board's cards and columns need: links that narrow the filter, the health of an agent, the words of an empty column."""

from functools import lru_cache

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from coordination.lifecycle import AgentState, Band, band_of
from coordination.models import Agent
from coordination.queries.board import Column
from coordination.queries.filters import Filter
from webui.filtering import Bar, address
from webui.templatetags.muster import icon
from webui.words import OF_AGENT, OF_BAND

register = template.Library()

EMPTY = {
    "waiting": "Nothing waits.",
    "queued": "Nothing is queued.",
    "progress": "No agent is at work.",
    "needs": "Nobody waits for you.",
    "done": "Nothing is done yet.",
    "failed": "Nothing has failed.",
}
PRIORITIES = ((10, "Critical (10)"), (35, "Normal (35)"), (50, "Normal (50)"), (75, "Low (75)"))


@register.simple_tag(takes_context=True)
def with_lanes(context: Context, kind: str) -> str:
    """Return this page's address with lanes of a kind, or without any."""
    bar: Bar = context["bar"]
    return bar.address(lanes=kind)


def _narrower(context: Context, name: str, value: str) -> str:
    """Return the address of the board narrowed by one more term."""
    bar: Bar = context["bar"]
    return _narrowed(bar.project.slug, tuple(bar.params), bar.wanted, name, value)


@lru_cache(maxsize=2000)  # the few words of a page's cards recur on every card
def _narrowed(slug: str, params: tuple[tuple[str, str], ...], wanted: Filter, name: str, value: str) -> str:
    return address(reverse("board", args=[slug]), params, {"q": wanted.plus(name, value).text})


@register.simple_tag(takes_context=True)
def filter_link(context: Context, name: str, value: str) -> SafeString:
    """Draw a chip that narrows the board to the tasks that share this value."""
    return format_html('<a class="chip of-{}" href="{}"><bdi>{}</bdi></a>', name, _narrower(context, name, value), value)


@register.simple_tag(takes_context=True)
def tier_link(context: Context, tier: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', _narrower(context, "tier", tier), tier.capitalize())


@register.simple_tag(takes_context=True)
def band_link(context: Context, priority: int) -> SafeString:
    band: Band = band_of(priority)
    look = OF_BAND[band]
    return format_html(
        '<a class="band band-{}" href="{}" title="Priority {} of 0 to 100">{}{}</a>',
        band,
        _narrower(context, "priority", band),
        priority,
        icon(look.icon),
        look.word,
    )


@register.simple_tag(takes_context=True)
def agent_link(context: Context, agent: Agent, is_held: bool = False) -> SafeString:
    """Draw an agent's name; with the health of its heartbeat where it holds the task."""
    link = format_html('<a class="who" href="{}"><bdi>{}</bdi></a>', _narrower(context, "agent", agent.name), agent.title)
    return format_html('<span class="holder">{}{}</span>', health(agent, is_held), link) if is_held else link


@register.simple_tag
def health(agent: Agent, is_at_work: object) -> SafeString:
    """Say whether the agent's heartbeat is heard, as a dot and a word; the dot is that of what runs while it is at work."""
    state = AgentState.SILENT if agent.silent_since else AgentState.ACTIVE if is_at_work else AgentState.IDLE
    word = "silent" if agent.silent_since else "alive"
    return format_html('<span class="heart tone-{}"><span class="pulse"></span>{}</span>', OF_AGENT[state].tone, word)


@register.filter
def empty_words(key: str) -> str:
    return EMPTY[key]


@register.simple_tag(takes_context=True)
def more_of(context: Context, column: Column) -> str:
    """Return the address of a column's next cards, or nothing when these were the last."""
    if column.next_offset is None:
        return ""
    bar: Bar = context["bar"]
    url = reverse("board_column", args=[bar.project.slug, column.kind.key])
    return address(url, bar.params, {"lane": column.lane.key if column.lane else "", "offset": str(column.next_offset)})


@register.simple_tag
def bulk_priorities() -> tuple[tuple[int, str], ...]:
    return PRIORITIES
