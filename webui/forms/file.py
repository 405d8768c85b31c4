"""What people type about the files of a task."""

from django import forms


class SaveFileForm(forms.Form):
    path = forms.CharField(max_length=1024)
    content = forms.CharField(required=False, strip=False)
    base = forms.CharField(required=False, max_length=40)
    message = forms.CharField(required=False, max_length=500)


class RenameForm(forms.Form):
    path = forms.CharField(max_length=1024)
    name = forms.CharField(max_length=1024, label="New name")
    base = forms.CharField(required=False, max_length=40)
