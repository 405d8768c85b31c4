"""What people type about a phase."""

from collections.abc import Iterable
from typing import Any

from django import forms

from coordination.lifecycle import Gate
from coordination.models import Phase, Task
from webui.forms.fields import ONE_LINE, LinesField

OF_CHOICE = {
    "required": "Choose at least one task.",
    "invalid_choice": "#%(value)s is not in this phase any more. Reload the page and choose again.",
}
GATES = [(Gate.AUTO.value, "Opens by itself"), (Gate.APPROVAL.value, "A person opens it")]


class PhaseForm(forms.Form):
    name = forms.CharField(max_length=200, widget=ONE_LINE)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    gate = forms.ChoiceField(choices=GATES)


class NewPhaseForm(PhaseForm):
    """A new phase and its place: `behind` is the phase that it follows, None for the first place.

    Nothing chosen means the last place as it is when the form comes in: the page may have been open while phases were added.
    """

    behind = forms.ChoiceField(
        required=False,
        label="Place",
        help_text="The phase that comes next there will then follow the new one.",
        error_messages={"invalid_choice": "The phase that it was to follow is gone. Choose another place."},
    )
    open_ended = forms.BooleanField(required=False, label="Never completes by itself", help_text="An inbox, for work that keeps coming.")

    def __init__(self, *args: Any, phases: Iterable[Phase], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._phases = {str(phase.pk): phase for phase in phases}
        behind = self.fields["behind"]
        assert isinstance(behind, forms.ChoiceField)
        behind.choices = [("", "Last of all"), ("first", "First of all"), *((pk, f"After {phase}") for pk, phase in self._phases.items())]

    def clean_behind(self) -> Phase | None:
        chosen = self.cleaned_data["behind"]
        return self._phases.get(chosen) if chosen else next(reversed(self._phases.values()), None)


class EditPhaseForm(PhaseForm):
    open_ended = forms.BooleanField(required=False, label="Never completes by itself")


class StatusForm(forms.Form):
    status_line = forms.CharField(required=False, max_length=500, widget=ONE_LINE)
    blockers = LinesField(required=False)


class MoveForm(forms.Form):
    position = forms.IntegerField(min_value=1, max_value=10_000)


class HoldForm(forms.Form):
    reason = forms.CharField(required=False, max_length=200, widget=ONE_LINE)


class AddTaskForm(forms.Form):
    title = forms.CharField(max_length=500)


class SplitForm(forms.Form):
    name = forms.CharField(max_length=200, widget=ONE_LINE, label="Name of the new phase")
    gate = forms.ChoiceField(choices=GATES, label="Gate")
    tasks = forms.ModelMultipleChoiceField(queryset=Task.objects.none(), error_messages=OF_CHOICE)

    def __init__(self, *args: Any, phase: Phase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tasks = self.fields["tasks"]
        assert isinstance(tasks, forms.ModelMultipleChoiceField)
        tasks.queryset = phase.tasks.all()
