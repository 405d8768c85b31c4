"""What people type about the dependencies of a task."""

from django import forms

from coordination.lifecycle import DependencyKind
from webui.words import OF_NEED


class NeedForm(forms.Form):
    on = forms.RegexField(
        r"^#?\d{1,18}$", label="Task", error_messages={"invalid": "Pick one of those that are found, or write its number, such as #12."}
    )
    kind = forms.ChoiceField(choices=[(kind.value, kind.value) for kind in DependencyKind], required=False)

    def clean_on(self) -> int:
        return int(self.cleaned_data["on"].lstrip("#"))


class KindForm(forms.Form):
    kind = forms.ChoiceField(
        choices=list(OF_NEED.items()), error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose what it waits for.")
    )
