"""Fields and widgets that several forms share."""

from typing import Any

from django import forms

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
