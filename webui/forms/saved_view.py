"""What people type about a saved view."""

from django import forms


class SavedViewForm(forms.Form):
    name = forms.CharField(max_length=60)
    q = forms.CharField(required=False)
    layout = forms.CharField()
    sort = forms.CharField(required=False)
    group = forms.CharField(required=False)
    shared = forms.BooleanField(required=False)
