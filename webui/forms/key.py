"""What people type about keys."""

from collections.abc import Sequence
from typing import Any

from django import forms

from coordination.models import Project, Scope
from webui.forms.fields import ONE_LINE


class KeyForm(forms.Form):
    name = forms.CharField(max_length=100, widget=ONE_LINE, label="Name of the key", help_text="Who or what will use it.")
    scope = forms.ChoiceField(
        choices=[
            (Scope.AGENT.value, "Agent: claim and run tasks"),
            (Scope.COORDINATOR.value, "Coordinator: plan as well"),
            (Scope.READER.value, "Reader: look only"),
        ]
    )


class AgentKeyForm(forms.Form):
    name = forms.CharField(max_length=100, widget=ONE_LINE, label="Name of the key", help_text="Such as the machine that keeps it.")
    projects = forms.ModelMultipleChoiceField(
        queryset=Project.objects.all(), required=False, to_field_name="slug", help_text="None chosen: every project, those to come too."
    )

    def __init__(self, *args: Any, among: Sequence[Project] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["projects"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        if among is not None:  # already read for this page
            field.choices = [(project.slug, project.name) for project in among]


class PersonalKeyForm(forms.Form):
    """A key that acts as the person, and never does more than they may."""

    name = forms.CharField(max_length=100, widget=ONE_LINE, label="Name of the key", help_text="Where you will use it, such as laptop.")
    scope = forms.ChoiceField(
        choices=[
            (Scope.COORDINATOR.value, "Plan: push, change tasks"),
            (Scope.READER.value, "Look only: clone, read"),
            (Scope.ADMIN.value, "Everything that you may"),
        ],
        label="Scope",
    )
    days = forms.TypedChoiceField(
        choices=[("90", "in 90 days"), ("365", "in a year"), ("", "never")],
        coerce=int,
        empty_value=None,
        required=False,
        initial="90",
        label="It ends",
    )
