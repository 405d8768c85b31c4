"""What the plan's pages say: moments to come, and the words of a preview."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from coordination.lifecycle import DependencyKind
from coordination.queries.plan import Effect
from coordination.queries.sentences import counted
from webui import words

register = template.Library()


@register.simple_tag
def moment(when: datetime) -> SafeString:
    """Say when something is to be: `today 14:20`, `Tue 24 Nov 14:20`; the exact time is in the title."""
    local, today = timezone.localtime(when), timezone.localdate()
    days = (local.date() - today).days
    day = "today" if days == 0 else "tomorrow" if days == 1 else f"{local:%a} {local.day} {local:%b}"
    if abs(days) > 300:
        day = f"{day} {local:%Y}"
    exact = f"{local:%a} {local.day} {local:%b %Y %H:%M:%S %Z}"
    return format_html('<time datetime="{}" title="{}">{} {}</time>', when.isoformat(timespec="seconds"), exact, day, f"{local:%H:%M}")


@register.simple_tag
def need_kinds() -> list[tuple[str, str]]:
    """Return each kind of dependency with the words that follow "waits for #3"."""
    return [(kind.value, told) for kind, told in words.OF_NEED.items()]


@register.filter
def need_words(kind: str) -> str:
    return words.OF_NEED[DependencyKind(kind)]


@register.filter
def feed_words(kind: str) -> str:
    return words.OF_FEED[DependencyKind(kind)]


@register.filter
def going_on(effect: Effect) -> str:
    """Say what of a drain goes on."""
    if not effect.running:
        return "Nothing runs at the moment."
    return f"{counted(effect.running, 'running attempt', verb=False)} {'goes' if effect.running == 1 else 'go'} on to the end."


@register.filter
def held(effect: Effect) -> str:
    """Say what a pause holds."""
    queued = f"{counted(effect.queued, 'queued task')} not handed out" if effect.queued else "No task is in the queue"
    later = f"{counted(effect.held, 'later task waits', 'later tasks wait', verb=False)} until you resume" if effect.held else ""
    return f"{queued}; {later}." if later else f"{queued}."


@register.filter
def taken_back(effect: Effect) -> str:
    """Say what a stop takes from agents."""
    if not effect.running:
        return "Nothing runs at the moment, so this is the same as draining."
    one = effect.running == 1
    return (
        f"{counted(effect.running, 'running attempt', verb=False)} {'ends' if one else 'end'} now: "
        f"{'its agent is' if one else 'their agents are'} told to stop, "
        f"and {'its task begins' if one else 'their tasks begin'} anew when you resume."
    )
