"""The bars of the timeline as SVG, in percent of its width, so that it fits every window without a script."""

from collections.abc import Sequence
from datetime import datetime

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coordination.lifecycle import Outcome, State
from coordination.queries.attempts_grid import Box
from coordination.queries.timeline import Bar, Row, Timeline
from coordination.queries.timescale import Tick
from webui import words
from webui.templatetags.muster import duration, icon

register = template.Library()

LANE = 30  # px
WIDE = 2.2  # percent: a narrower bar has no room for its icon
ROOMY = 8  # percent: room for it on a phone, too
THINNEST = 0.3  # percent
NAMED = 8  # percent: room for the number of the task, too
ROOMY_TICK = 17  # percent that a day takes on a phone
ATTEMPT = (
    '<a class="run tone-{}{}" href="{}" data-says="{}"{}><title>{}</title><rect x="{}%" y="{}" width="{}%" height="20" rx="4"/>{}{}</a>'
)
WAIT = '<g class="wait of-{}" data-says="{}"{}><title>{}</title><rect x="{}%" y="{}" width="{}%" height="{}"/></g>'


@register.simple_tag
def timeline_bars(row: Row) -> SafeString:
    return format_html_join("", "{}", ((_attempt(bar, is_named=not row.task) if bar.number else _wait(bar),) for bar in row.bars))


@register.simple_tag
def timeline_back(timeline: Timeline) -> SafeString:
    """Draw what stands behind every row: lines at round moments, shortened stretches, now."""
    gaps = format_html_join(
        "", '<rect class="gap" x="{}%" width="{}%" height="100%"/>', ((gap.left, gap.width) for gap in timeline.scale.gaps)
    )
    lines = format_html_join("", '<line class="tick" x1="{0}%" x2="{0}%" y2="100%"/>', ((tick.left,) for tick in timeline.ticks))
    return format_html('{}{}<line class="now" x1="{}%" x2="{}%" y2="100%" data-now/>', gaps, lines, timeline.now_at, timeline.now_at)


@register.simple_tag
def timeline_axis(timeline: Timeline) -> SafeString:
    skips = [gap.left + gap.width / 2 for gap in timeline.scale.gaps]
    no_room = _without_room(timeline.ticks, skips)
    new_days = [tick for tick in timeline.ticks if tick.is_new_day]
    no_room_for_day = _without_room(new_days, [])
    clocks = format_html_join(
        "",
        '<text{} x="{}%" y="26">{}</text>',
        ((_if_between(tick in no_room), tick.left, _clock(tick.at, timeline)) for tick in timeline.ticks),
    )
    days = format_html_join(
        "",
        '<text class="day{}" x="{}%" y="11">{}</text>',
        ((" is-between" if tick in no_room_for_day else "", tick.left, _day(tick.at)) for tick in new_days),
    )
    gaps = format_html_join(
        "",
        '<text class="skipped" x="{}%" y="26"><title>{}</title>⋯</text>',
        ((gap.left + gap.width / 2, f"{duration(gap.lasts)} without work, drawn short") for gap in timeline.scale.gaps),
    )
    return format_html('{}{}{}<text class="now-word" x="{}%" y="11" data-now>now</text>', clocks, days, gaps, timeline.now_at)


@register.simple_tag
def attempt_url(task_id: int, number: int) -> str:
    """Return the page of an attempt."""
    return reverse("attempt", args=[task_id, number])


@register.filter
def row_height(row: Row) -> int:
    return LANE * row.lanes


@register.filter
def bar_look(bar: Bar) -> words.Look:
    return _look(bar)


@register.filter
def exactly(moment: datetime | None) -> str:
    return "now" if moment is None else _exact(moment)


@register.simple_tag
def state_sign(state: str) -> SafeString:
    """Draw a state as its icon, named for those who cannot see it."""
    look = words.OF_STATE[State(state)]
    return format_html('<span title="{}" class="state-sign">{}</span>', look.word, icon(look.icon, look.word))


@register.filter
def box_tone(box: Box) -> str:
    return _look_of(box.outcome).tone


@register.filter
def box_word(box: Box) -> str:
    return _look_of(box.outcome).word


@register.simple_tag
def box_icon(box: Box) -> SafeString:
    return icon(_look_of(box.outcome).icon)


@register.simple_tag
def percent(share: float) -> str:
    return f"{max(1.0, 100 * share):.1f}"


@register.simple_tag
def column_top(share: float, height: int) -> str:
    return f"{height * (1 - max(0.06, share)):.1f}"


def _attempt(bar: Bar, *, is_named: bool) -> SafeString:
    look = _look(bar)
    says = f"#{bar.task_id} {bar.title}, attempt {bar.number} by {bar.agent}: {look.word.lower()}, {_when(bar)}"
    y = 5 + LANE * bar.lane
    sign = format_html(
        '<svg class="sign{}" x="{}%" y="{}" width="24" height="16"><use href="{}#{}" x="5" y="1" width="14" height="14"/></svg>',
        "" if bar.width >= ROOMY else " is-tight",
        bar.left,
        y + 2,
        static("webui/icons.svg"),
        look.icon,
    )
    name = format_html('<text class="run-name" x="{}%" dx="24" y="{}">#{}</text>', bar.left, y + 14, bar.task_id)
    return format_html(
        ATTEMPT,
        look.tone,
        " is-live" if bar.is_live else "",
        attempt_url(bar.task_id, bar.number),
        says,
        SafeString(" data-live") if bar.is_live else "",
        says,
        bar.left,
        y,
        max(bar.width, THINNEST),
        sign if bar.width >= WIDE else "",
        name if is_named and bar.width >= NAMED else "",
    )


def _wait(bar: Bar) -> SafeString:
    needs = bar.state in (State.BLOCKED, State.REVIEW)
    says = f"#{bar.task_id} {WAITED[State(bar.state)]}, {_when(bar)}"
    height = 10 if needs else 6
    live = SafeString(" data-live") if bar.is_live else ""
    return format_html(WAIT, bar.state, says, live, says, bar.left, 15 - height // 2, max(bar.width, 0.1), height)


WAITED = {
    State.WAITING: "waited for something else",
    State.QUEUED: "stood in the queue",
    State.BLOCKED: "waited for an answer",
    State.REVIEW: "waited for a review",
}


def _look(bar: Bar) -> words.Look:
    if not bar.number:
        return words.OF_STATE[State(bar.state)]
    return _look_of(bar.outcome)


def _look_of(outcome: str) -> words.Look:
    return words.OF_OUTCOME[Outcome(outcome)] if outcome else words.OF_STATE[State.RUNNING]


def _when(bar: Bar) -> str:
    return f"{_exact(bar.start)} to {'now' if bar.end is None else _exact(bar.end)}, {duration(bar.lasts)}"


def _exact(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local.day} {local:%b %H:%M:%S}"


def _without_room(ticks: Sequence[Tick], skips: Sequence[float]) -> set[Tick]:
    """Return the ticks whose words have no room on a phone, beside each other and the signs of what is left out."""
    kept: list[Tick] = []
    for tick in ticks:
        is_free = not any(-4 < skip - tick.left < ROOMY_TICK for skip in skips)
        if is_free and (not kept or tick.left - kept[-1].left >= ROOMY_TICK):
            kept.append(tick)
    return set(ticks) - set(kept)


def _if_between(is_between: bool) -> SafeString:
    return SafeString(' class="is-between"' if is_between else "")


def _clock(moment: datetime, timeline: Timeline) -> str:
    if all(tick.is_new_day for tick in timeline.ticks):
        return ""
    seconds = any(tick.at.second for tick in timeline.ticks)
    return f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"


def _day(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}"
