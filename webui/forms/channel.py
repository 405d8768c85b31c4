"""What people type about a channel."""

from django import forms

from webui.forms.fields import ONE_LINE, WordsField


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
