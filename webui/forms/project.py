"""What people type about a project."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms

from coordination.lifecycle import SHORTEST_LEASE_TTL, OnChange, Rerun, ReviewPolicy
from coordination.models import Project
from webui.forms.fields import ONE_LINE


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=200, widget=ONE_LINE)
    slug = forms.SlugField(max_length=60, help_text="Its name in addresses and on the command line.", widget=ONE_LINE)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))


PROJECT_GROUPS = {
    "About it": ["name", "description"],
    "Defaults of its tasks": ["review_policy", "max_attempts", "on_change", "rerun"],
    "Limits and budget": ["lease_ttl", "max_running", "budget_usd", "agents_may_add"],
}


class ProjectSettingsForm(forms.Form):
    name = forms.CharField(max_length=200, widget=ONE_LINE)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    review_policy = forms.ChoiceField(
        choices=[(policy.value, policy.value.capitalize()) for policy in ReviewPolicy], label="Review of results"
    )
    max_attempts = forms.IntegerField(min_value=1, max_value=100, label="Failures before a task has failed")
    lease_ttl = forms.IntegerField(
        min_value=SHORTEST_LEASE_TTL, max_value=86_400, label="Lease, in seconds", help_text="A silent agent loses its task after this."
    )
    on_change = forms.ChoiceField(
        choices=[
            (OnChange.REREAD.value, "Its agent reads them again"),
            (OnChange.CONTINUE.value, "Its agent goes on as it was told"),
            (OnChange.STOP.value, "Its agent stops and hands it back"),
        ],
        label="When a task's instructions change",
    )
    rerun = forms.ChoiceField(
        choices=[(Rerun.AS_IT_IS.value, "What its files say now"), (Rerun.AS_IT_WAS.value, "What the attempt before was told")],
        label="A task that runs again is told",
    )
    max_running = forms.IntegerField(min_value=1, required=False, label="Most tasks running at once", help_text="Empty: no limit.")
    budget_usd = forms.DecimalField(
        min_value=0, max_digits=12, decimal_places=4, required=False, label="Budget, in US dollars", help_text="Empty: no limit."
    )
    agents_may_add = forms.BooleanField(required=False, label="Agents may add tasks")
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, without: Iterable[str] = (), initial: dict[str, Any] | None = None
    ) -> None:
        """`without` names the settings that are not for whoever fills this in."""
        super().__init__(data, initial=initial)
        for name in without:
            del self.fields[name]

    @classmethod
    def settings(cls) -> set[str]:
        """The names of the settings that this form changes."""
        return set(cls.base_fields) - {"version"}

    def says_spent(self, project: Project) -> "ProjectSettingsForm":
        """Tell beside the budget how much of it is spent."""
        if "budget_usd" in self.fields and project.spent_usd:
            self.fields["budget_usd"].help_text = f"Empty: no limit. ${project.spent_usd:,.2f} spent so far."
        return self

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields under the headings that the page gives them."""
        placed = {name for names in PROJECT_GROUPS.values() for name in names}
        groups = [(title, [self[name] for name in names if name in self.fields]) for title, names in PROJECT_GROUPS.items()]
        groups[-1][1].extend(field for field in self.visible_fields() if field.name not in placed)
        return [(title, fields) for title, fields in groups if fields]

    @staticmethod
    def initial_of(project: Project) -> dict[str, Any]:
        names = (
            "name",
            "description",
            "review_policy",
            "max_attempts",
            "lease_ttl",
            "on_change",
            "rerun",
            "max_running",
            "budget_usd",
            "agents_may_add",
            "version",
        )
        budget = project.budget_usd
        return {name: getattr(project, name) for name in names} | {"budget_usd": None if budget is None else _plain(budget)}


def _plain(amount: Decimal) -> str:
    """Return an amount without the zeros that its column adds."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class SlugForm(forms.Form):
    slug = forms.CharField(max_length=60)
