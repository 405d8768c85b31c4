"""The facts of a task that people change one at a time: their forms, and what a change does."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from coordination.lifecycle import LeaseMode, OnChange, ReviewPolicy, Tier
from coordination.models import Agent, Task
from webui.forms.fields import ONE_LINE, LinesField, WordsField

LONG = forms.Textarea(attrs={"rows": 3})
CHANGES = [("", "As the project says"), (OnChange.CONTINUE, "Go on"), (OnChange.REREAD, "Read them again"), (OnChange.STOP, "Stop")]
BEATS = [(LeaseMode.HEARTBEAT, "By heartbeats"), (LeaseMode.MANUAL, "By hand: two hours at a time")]


class ParentField(forms.RegexField):
    """The number of a task, or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^#?\d{1,18}$", error_messages={"invalid": "Write the number of a task, such as #12."}, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return int(text.lstrip("#")) if text else None


class Moment(forms.DateTimeInput):
    input_type = "datetime-local"


class AgentField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic when it runs
    """Every agent that is not retired, with a word about those that could not run the task."""

    def __init__(self, task: Task) -> None:
        super().__init__(queryset=Agent.objects.filter(retired_at=None), required=False, empty_label="any agent that can", label="Agent")
        self.task = task

    def label_from_instance(self, obj: Any) -> str:
        return obj.title if obj.can_run(self.task.tier, self.task.capabilities) else f"{obj.title} (cannot run it)"


def _made(**fields: Callable[[Task], forms.Field]) -> Callable[[Task], dict[str, forms.Field]]:
    return lambda task: {name: make(task) for name, make in fields.items()}


@dataclass(frozen=True)
class Fact:
    """One fact: what it is called, its fields (named like the task's own), and what changing it does."""

    label: str
    fields: Callable[[Task], dict[str, forms.Field]]
    effect: str

    def form(self, task: Task, data: Mapping[str, Any] | None = None, initial: Mapping[str, Any] | None = None) -> forms.Form:
        made = self.fields(task)
        kind = type("FactForm", (forms.Form,), dict(made))
        form: forms.Form = kind(data, initial=initial if initial is not None else shown(task, list(made)), auto_id="new-%s")
        return form


FACTS = {
    "title": Fact("Title", _made(title=lambda _: forms.CharField(max_length=500, widget=ONE_LINE)), "The next brief has the new title."),
    "objective": Fact(
        "Objective", _made(objective=lambda _: forms.CharField(required=False, widget=LONG)), "It stands first in the next brief."
    ),
    "criteria": Fact(
        "Acceptance criteria, one per line",
        _made(criteria=lambda _: LinesField(required=False, widget=forms.Textarea(attrs={"rows": 5}))),
        "They are part of the next brief; verdicts stay with the words that they were given for.",
    ),
    "kind": Fact(
        "Kind", _made(kind=lambda _: forms.CharField(required=False, max_length=60, widget=ONE_LINE)), "A word for the sort of work."
    ),
    "labels": Fact(
        "Labels", _made(labels=lambda _: WordsField(required=False, widget=ONE_LINE)), "Words to filter by, separated by commas."
    ),
    "capabilities": Fact(
        "Capabilities",
        _made(capabilities=lambda _: WordsField(required=False, widget=ONE_LINE)),
        "Separated by commas. Only agents with all of them may claim it.",
    ),
    "tier": Fact(
        "Tier",
        _made(tier=lambda _: forms.ChoiceField(choices=[(tier.value, tier.value.capitalize()) for tier in Tier])),
        "Only agents of this tier may claim it.",
    ),
    "priority": Fact(
        "Priority",
        _made(priority=lambda _: forms.IntegerField(min_value=0, max_value=100)),
        "0 is most urgent: 0 to 20 critical, 21 to 50 normal, 51 to 100 low. Its place in the queue changes at once.",
    ),
    "phase": Fact(
        "Phase",
        _made(phase=lambda task: forms.ModelChoiceField(queryset=task.project.phases.all(), empty_label=None)),
        "It runs when that phase does.",
    ),
    "assigned_to": Fact(
        "Assigned to",
        _made(
            assigned_to=lambda task: AgentField(task),
            fallback_after=lambda _: forms.IntegerField(required=False, min_value=0, label="Others after, in seconds"),
        ),
        "Only this agent may claim it, or any that can once the seconds in the queue are over.",
    ),
    "review_policy": Fact(
        "Review",
        _made(review_policy=lambda _: forms.ChoiceField(choices=[(each.value, each.value.capitalize()) for each in ReviewPolicy])),
        "Required: a finished attempt waits for a person's word.",
    ),
    "on_change": Fact(
        "When the instructions change",
        _made(on_change=lambda _: forms.ChoiceField(choices=CHANGES, required=False)),
        "What a running agent is told with its next heartbeat.",
    ),
    "max_attempts": Fact(
        "Attempts it may fail",
        _made(max_attempts=lambda _: forms.IntegerField(min_value=1, max_value=100)),
        "After so many failures it has failed.",
    ),
    "timeout": Fact(
        "Time limit, in seconds",
        _made(timeout=lambda _: forms.IntegerField(required=False, min_value=1, max_value=315_360_000)),
        "For one attempt, from the next claim on. Empty: no limit.",
    ),
    "not_before": Fact(
        "Not before",
        _made(not_before=lambda _: forms.DateTimeField(required=False, widget=Moment())),
        "It waits until then, by your clock. Empty: at once.",
    ),
    "lease_mode": Fact(
        "Lease is renewed",
        _made(lease_mode=lambda _: forms.ChoiceField(choices=BEATS)),
        "From the next claim on. By hand is for agents that send no heartbeats.",
    ),
    "parent": Fact(
        "Part of", _made(parent=lambda _: ParentField(required=False, widget=ONE_LINE)), "Structure only: a parent waits for nothing."
    ),
}


def shown(task: Task, names: list[str]) -> dict[str, str]:
    """Return these attributes of a task as its forms show them."""
    return {name: _shown(task, name) for name in names}


def _shown(task: Task, name: str) -> str:
    if name in ("phase", "assigned_to", "parent"):
        value = getattr(task, f"{name}_id")
        return "" if value is None else f"#{value}" if name == "parent" else str(value)
    value = getattr(task, name)
    if isinstance(value, list):
        return ("\n" if name == "criteria" else ", ").join(value)
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%dT%H:%M}"
    return "" if value is None else str(value)


def as_mark(values: Mapping[str, str]) -> str:
    """Return what a form was filled with, to be sent back with it: so a save knows whether somebody else changed it meanwhile."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False)
