"""What people write to one another."""

from django import forms


class TextForm(forms.Form):
    text = forms.CharField(max_length=50_000)
