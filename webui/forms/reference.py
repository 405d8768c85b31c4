"""What people type about a reference."""

from typing import Any

from django import forms


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
