"""What people type about a channel."""

from difflib import get_close_matches

from django import forms

from webui.forms.fields import ONE_LINE, WordsField
from webui.words import EVENT_WORDS


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

    def clean_kinds(self) -> list[str]:
        """Refuse what would never be sent, which is nearly always a slip of the finger."""
        kinds: list[str] = self.cleaned_data["kinds"]
        whole = sorted({f"{kind.partition('.')[0]}.*" for kind in EVENT_WORDS})
        for kind in kinds:
            if kind in EVENT_WORDS or kind in whole or kind == "*":
                continue
            close = get_close_matches(kind, whole if kind.endswith("*") else EVENT_WORDS, n=2)
            hint = f"Did you mean {' or '.join(close)}?" if close else "Write one like task.done, or task.* for all of a task."
            raise forms.ValidationError(f"Nothing is called {kind[:60]!r}. {hint}")
        return kinds
