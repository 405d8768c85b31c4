"""What people type about a task."""

from typing import Any

from django import forms

from coordination.lifecycle import ReviewPolicy, Tier
from coordination.models import Agent, Phase, Project
from webui.forms.fields import ONE_LINE, LinesField, WordsField


class TaskForm(forms.Form):
    """A new task, or the plain facts of one that exists."""

    title = forms.CharField(max_length=500, widget=ONE_LINE)
    phase = forms.ModelChoiceField(
        queryset=Phase.objects.none(), empty_label=None, error_messages={"invalid_choice": "This phase is gone. Choose another."}
    )
    objective = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text="One or two sentences: what is true when it is done."
    )
    instructions = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 8}), help_text="Markdown. Everything an agent with no prior knowledge needs."
    )
    criteria = LinesField(required=False, label="Acceptance criteria", help_text="One per line.")
    priority = forms.IntegerField(
        min_value=0, max_value=100, initial=50, help_text="0 is most urgent. 0 to 20 critical, 21 to 50 normal, 51 to 100 low."
    )
    tier = forms.ChoiceField(choices=[(tier.value, tier.value.capitalize()) for tier in Tier], initial=Tier.STANDARD.value)
    capabilities = WordsField(required=False, help_text="Separated by commas. Only agents with all of them may take it.")
    labels = WordsField(required=False, help_text="Separated by commas.")
    kind = forms.CharField(required=False, max_length=60, widget=ONE_LINE)
    review_policy = forms.ChoiceField(
        choices=[(policy.value, policy.value.capitalize()) for policy in ReviewPolicy], label="Review of the result"
    )
    max_attempts = forms.IntegerField(min_value=1, max_value=100, label="Failures before it has failed")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phase = self.fields["phase"]
        assert isinstance(phase, forms.ModelChoiceField)
        phase.queryset = project.phases.all()


class EditTaskForm(TaskForm):
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["instructions"]


class ChildForm(forms.Form):
    title = forms.CharField(max_length=500)


class ReasonForm(forms.Form):
    reason = forms.CharField(required=False, max_length=500)


class PriorityForm(forms.Form):
    priority = forms.IntegerField(min_value=0, max_value=100)


class AssignForm(forms.Form):
    agent = forms.ModelChoiceField(queryset=Agent.objects.filter(retired_at=None), required=False)
    fallback_after = forms.IntegerField(required=False, min_value=0)


class RequeueForm(forms.Form):
    told = forms.CharField(required=False, max_length=20)
    attempt = forms.IntegerField(required=False, min_value=1)


class UndoForm(forms.Form):
    """Which step is taken back: the number of its event; without it the last one."""

    step = forms.IntegerField(required=False)
