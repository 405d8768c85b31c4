"""What people type on a board and about the tasks chosen there."""

from typing import Any

from django import forms

from coordination.lifecycle import Tier
from coordination.models import Agent, Phase, Project
from coordination.operations.moves import Step
from coordination.queries.board import COLUMNS
from webui.forms.fields import ONE_LINE, WordsField


class QuickTaskForm(forms.Form):
    title = forms.CharField(max_length=500)
    lane = forms.CharField(required=False, max_length=60)


class FoldForm(forms.Form):
    """A part of a board: the key of a column or of a swimlane."""

    part = forms.RegexField(r"^[a-z]+(-\d+)?$", max_length=60)
    folded = forms.BooleanField(required=False)


class LimitForm(forms.Form):
    column = forms.ChoiceField(choices=[(kind.key, kind.title) for kind in COLUMNS])
    limit = forms.IntegerField(min_value=1, max_value=100_000, required=False)


class MoveForm(forms.Form):
    column = forms.CharField(required=False, max_length=20)
    lane = forms.CharField(required=False, max_length=60)
    above = forms.IntegerField(required=False)
    below = forms.IntegerField(required=False)
    step = forms.ChoiceField(required=False, choices=[("", ""), *((step.value, step.value) for step in Step)])
    text = forms.CharField(required=False, max_length=50_000)


class TitleForm(forms.Form):
    title = forms.CharField(max_length=500, widget=ONE_LINE)
    was = forms.CharField(max_length=500, strip=False)


class BulkForm(forms.Form):
    """What is done to many tasks. Each action reads the one field it is named after, if it has one."""

    priority = forms.IntegerField(required=False, min_value=0, max_value=100)
    tier = forms.ChoiceField(required=False, choices=[("", "")] + [(tier.value, tier.value) for tier in Tier])
    phase = forms.ModelChoiceField(queryset=Phase.objects.none(), required=False)
    agent = forms.ModelChoiceField(queryset=Agent.objects.filter(retired_at=None), required=False)
    labels = WordsField(required=False, max_length=500)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phase = self.fields["phase"]
        assert isinstance(phase, forms.ModelChoiceField)
        phase.queryset = project.phases.all()
