"""What the pages of a task need beside the tags of every page."""

from dataclasses import dataclass

from django import template
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from coordination.models import ApiKey, Attempt, User
from coordination.queries import attempt_page
from coordination.queries.attempt_page import Used
from coordination.queries.explain import Reason
from coordination.queries.project_settings import keys_of_person
from webui import differences, markdown, words
from webui.forms.key import PersonalKeyForm

register = template.Library()


@register.simple_tag
def prose(text: str, boxes_of: str = "") -> SafeString:
    """Render Markdown; with the id of a form, the boxes of its task lists are buttons of that form."""
    return markdown.render(text or "", boxes_of)


@register.simple_tag
def side_by_side(old: str, new: str) -> differences.Difference:
    return differences.side_by_side(old, new)


@register.simple_tag
def changed_lines(old: str, new: str) -> differences.Difference:
    return differences.changed_lines(old, new)


@register.filter
def with_link(reason: Reason) -> SafeString:
    """Return the sentence of a reason, with the number of the task that it speaks of as a link to it."""
    number = reason.data.get("task")
    before, sign, after = reason.sentence.partition(f"#{number} ")
    if not isinstance(number, int) or not sign:
        return format_html("{}", reason.sentence)
    return format_html('{}<a href="{}">#{}</a> {}', before, reverse("task", args=[number]), number, after)


@register.filter
def log_words(kind: str) -> str:
    """Return what an event of an attempt says, in words."""
    return LOG_WORDS.get(kind) or words.EVENT_WORDS.get(kind, "").removesuffix(" of") or kind.replace(".", " ").replace("_", " ")


LOG_WORDS = {
    "task.claimed": "claimed the task",
    "task.started": "started",
    "task.progress": "progress",
    "task.done": "completed the task",
    "task.submitted": "submitted the result for review",
    "task.failed": "failed",
    "task.retrying": "failed; the task will be tried again",
    "task.released": "handed the task back",
    "task.expired": "sent no heartbeat in time; the lease ended",
    "task.asked": "asked a question",
    "task.answered": "answered",
    "task.approved": "approved the result",
    "task.changes_requested": "requested changes",
    "task.cancelled": "the task was cancelled",
    "task.adopted": "adopted a late result",
    "attempt.late": "sent a result too late",
    "attempt.pushed": "pushed work to the attempt's branch",
    "attempt.sealed": "the attempt was sealed",
}


@register.simple_tag
def usage_of(attempt: Attempt) -> list[Used]:
    return attempt_page.usage_of(attempt)


@dataclass(frozen=True)
class MyKeys:
    rows: QuerySet[ApiKey]
    form: PersonalKeyForm


@register.simple_tag
def my_keys(user: User) -> MyKeys:
    """Return a person's keys, and the form that makes one."""
    return MyKeys(keys_of_person(user), PersonalKeyForm(auto_id="key_%s"))


@register.filter
def amount(value: object) -> str:
    """Return a figure with its thousands apart, anything else as plan_value says it."""
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else plan_value(value)


@register.filter
def plan_value(value: object) -> str:
    """Return a value of a plan as a person would write it."""
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value) or "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items()) or "nothing"
    if value is True or value is False:
        return "yes" if value else "no"
    return "nothing" if value is None or value == "" else str(value)
