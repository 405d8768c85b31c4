"""What people type, checked for shape only. What may happen is for the operations to say."""

import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms

from coordination.lifecycle import SHORTEST_LEASE_TTL, DependencyKind, Gate, OnChange, Rerun, ReviewPolicy, Tier
from coordination.models import Agent, Phase, Project, Role, Scope
from coordination.operations.moves import Step
from coordination.queries.board import COLUMNS
from coordination.queries.criteria import Judgement

ONE_LINE = forms.TextInput(attrs={"autocomplete": "off"})


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


class WordsField(forms.CharField):
    """Words separated by commas."""

    def clean(self, value: Any) -> list[str]:
        return _words(super().clean(value))


class LinesField(forms.CharField):
    """One entry a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


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
    max_attempts = forms.IntegerField(min_value=1, max_value=100, label="Attempts a task may take")
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
        return {name: getattr(project, name) for name in names}


class PhaseForm(forms.Form):
    name = forms.CharField(max_length=200, widget=ONE_LINE)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    gate = forms.ChoiceField(choices=[(Gate.AUTO.value, "Starts by itself"), (Gate.APPROVAL.value, "A person approves the start")])


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


class TitleForm(forms.Form):
    title = forms.CharField(max_length=500, widget=ONE_LINE)
    was = forms.CharField(max_length=500, strip=False)


class SavedViewForm(forms.Form):
    name = forms.CharField(max_length=60)
    q = forms.CharField(required=False)
    layout = forms.CharField()
    sort = forms.CharField(required=False)
    group = forms.CharField(required=False)
    shared = forms.BooleanField(required=False)


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
    criteria = LinesField(required=False, label="Acceptance criteria", help_text="One a line.")
    priority = forms.IntegerField(
        min_value=0, max_value=100, initial=50, help_text="0 is most urgent. 0-20 critical, 21-50 normal, 51-100 low."
    )
    tier = forms.ChoiceField(choices=[(tier.value, tier.value.capitalize()) for tier in Tier], initial=Tier.STANDARD.value)
    capabilities = WordsField(required=False, help_text="Separated by commas. Only agents with all of them may take it.")
    labels = WordsField(required=False, help_text="Separated by commas.")
    kind = forms.CharField(required=False, max_length=60, widget=ONE_LINE)
    review_policy = forms.ChoiceField(
        choices=[(policy.value, policy.value.capitalize()) for policy in ReviewPolicy], label="Review of the result"
    )
    max_attempts = forms.IntegerField(min_value=1, max_value=100, label="Attempts it may take")

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


class SaveFileForm(forms.Form):
    path = forms.CharField(max_length=1024)
    content = forms.CharField(required=False, strip=False)
    base = forms.CharField(required=False, max_length=40)
    message = forms.CharField(required=False, max_length=500)


class RenameForm(forms.Form):
    path = forms.CharField(max_length=1024)
    name = forms.CharField(max_length=1024, label="New name")
    base = forms.CharField(required=False, max_length=40)


class ReferenceForm(forms.Form):
    """A reference in parts, as its form asks for them; `text` is one that is written already."""

    kind = forms.ChoiceField(choices=[(each, each) for each in ("result", "file", "attempt", "repository", "url", "text")])
    task = forms.RegexField(r"^#?\d{1,18}$", required=False, error_messages={"invalid": "Write the number of a task, such as #12."})
    number = forms.IntegerField(required=False, min_value=1, label="Attempt")
    path = forms.CharField(required=False, max_length=1024)
    repository = forms.CharField(required=False, max_length=60)
    commit = forms.RegexField(
        r"^[0-9a-f]{40}$", required=False, error_messages={"invalid": "Write the whole commit, 40 hexadecimal digits, or none."}
    )
    text = forms.CharField(required=False, max_length=2000)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needed = {"result": ("task",), "file": ("task", "path"), "attempt": ("task", "number"), "repository": ("repository", "path")}
        for name in needed.get(cleaned.get("kind", ""), ("text",)):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, "This is needed for such a reference.")
        return cleaned


def written(wanted: dict[str, Any]) -> str:
    """Return a reference as it stands in the front matter."""
    task = str(wanted["task"]).lstrip("#")
    at = f"@{wanted['commit']}" if wanted["commit"] else ""
    match wanted["kind"]:
        case "result":
            return f"task:{task}/result"
        case "file":
            return f"task:{task}/{wanted['path']}{at}"
        case "attempt":
            return f"task:{task}/attempts/{wanted['number']}/{wanted['path'] or 'result'}"
        case "repository":
            return f"repo:{wanted['repository']}/{wanted['path']}{at}"
        case _:
            return str(wanted["text"]).strip()


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


class TextForm(forms.Form):
    text = forms.CharField(max_length=50_000)


class VerdictForm(forms.Form):
    """What a reviewer writes: comments, and for each criterion by its place whether it is met (`met-2`) and why (`note-2`)."""

    text = forms.CharField(required=False, max_length=50_000)
    judged = forms.CharField(required=False)

    def clean_judged(self) -> list[Judgement]:
        said = {name.removeprefix("met-"): value for name, value in self.data.items() if name.startswith("met-")}
        places = sorted(int(place) for place, value in said.items() if place.isdecimal() and len(place) < 4 and value in ("yes", "no"))
        return [Judgement(place, said[str(place)] == "yes", self.data.get(f"note-{place}", "")[:500]) for place in places]


class UndoForm(forms.Form):
    """Which step is taken back: the number of its event; without it the last one."""

    step = forms.IntegerField(required=False)


class RequeueForm(forms.Form):
    told = forms.CharField(required=False, max_length=20)
    attempt = forms.IntegerField(required=False, min_value=1)


class ChildForm(forms.Form):
    title = forms.CharField(max_length=500)


class ReasonForm(forms.Form):
    reason = forms.CharField(required=False, max_length=500)


class PriorityForm(forms.Form):
    priority = forms.IntegerField(min_value=0, max_value=100)


class AssignForm(forms.Form):
    agent = forms.ModelChoiceField(queryset=Agent.objects.filter(retired_at=None), required=False)
    fallback_after = forms.IntegerField(required=False, min_value=0)


class NeedForm(forms.Form):
    on = forms.RegexField(r"^#?\d{1,18}$", error_messages={"invalid": "Write the number of a task, such as #12."})
    kind = forms.ChoiceField(choices=[(kind.value, kind.value) for kind in DependencyKind], required=False)

    def clean_on(self) -> int:
        return int(self.cleaned_data["on"].lstrip("#"))


class StatusForm(forms.Form):
    status_line = forms.CharField(required=False, max_length=500, widget=ONE_LINE)
    blockers = LinesField(required=False)


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
    name = forms.CharField(max_length=100, widget=ONE_LINE, label="Name of the key", help_text="Where it will lie, such as the machine.")
    projects = forms.ModelMultipleChoiceField(
        queryset=Project.objects.all(), required=False, to_field_name="slug", help_text="None: every project, those to come too."
    )

    def __init__(self, *args: Any, among: Sequence[Project] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["projects"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        if among is not None:  # already read for this page
            field.choices = [(project.slug, project.name) for project in among]


class MemberForm(forms.Form):
    username = forms.CharField(max_length=150, widget=ONE_LINE, label="User name")
    role = forms.ChoiceField(choices=Role.choices)


class ChannelForm(forms.Form):
    url = forms.URLField(
        max_length=2000,
        label="Address",
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://…", "autocomplete": "off"}),
    )
    kinds = WordsField(
        required=False,
        label="Kinds of events",
        help_text="Separated by commas, such as task.done, task.failed, message.*; empty: everything.",
        widget=ONE_LINE,
    )


class SlugForm(forms.Form):
    slug = forms.CharField(max_length=60)


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=[("system", "As the system says"), ("light", "Light"), ("dark", "Dark")])


class AccountForm(ThemeForm):
    time_zone = forms.ChoiceField(choices=lambda: [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())])
    shortcuts = forms.BooleanField(
        required=False, label="Keyboard shortcuts of one letter", help_text="Off: only those with Ctrl or Cmd work."
    )
