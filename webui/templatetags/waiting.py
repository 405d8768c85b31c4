"""What a card or a row says of what its task waits for."""

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from coordination.models import Task
from coordination.queries.waiting import Wait, Why, wait_of
from webui.templatetags.muster import icon
from webui.templatetags.planning import moment

register = template.Library()

LONGEST_NAME = 40  # of a phase, on a card
SAID = {
    Why.TASKS: ("link", "Waits for {tasks}"),
    Why.PERSON: ("hand", "Waits for a person to let it run"),
    Why.PHASE_PAUSED: ("pause", "{phase} is paused"),
    Why.PHASE: ("link", "Waits for {phase}"),
    Why.GATE: ("lock", "Waits for the gate of {phase}"),
    Why.PROJECT_PAUSED: ("pause", "The project is paused"),
    Why.START: ("calendar-clock", "Not before {until}"),
    Why.RETRY: ("rotate-ccw", "Tried again {until}"),
}


@register.simple_tag(takes_context=True)
def wait_line(context: Context, task: Task) -> SafeString:
    """Say on a card, with an icon, what a task of the page's project waits for; nothing if it does not wait."""
    wait = wait_of(task, context["project"])
    if wait is None:
        return SafeString()
    look, said = SAID[wait.why]
    return format_html('<span class="blocked">{}<span>{}</span></span>', icon(look), _filled(said, wait))


@register.simple_tag(takes_context=True)
def wait_words(context: Context, task: Task) -> SafeString:
    """Say the same behind the title of a row."""
    wait = wait_of(task, context["project"])
    if wait is None:
        return SafeString()
    _, said = SAID[wait.why]
    return _filled(said[0].lower() + said[1:], wait)


def _filled(said: str, wait: Wait) -> SafeString:
    return format_html(
        said,
        tasks=f"{wait.count} task" if wait.count == 1 else f"{wait.count} tasks",
        phase=format_html('<bdi title="{}">{}</bdi>', wait.phase, Truncator(wait.phase).chars(LONGEST_NAME)),
        until=moment(wait.until) if wait.until else "",
    )
