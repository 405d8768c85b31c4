"""What people type about a member."""

from django import forms

from coordination.models import Role
from webui.forms.fields import ONE_LINE


class MemberForm(forms.Form):
    username = forms.CharField(max_length=150, widget=ONE_LINE, label="User name")
    role = forms.ChoiceField(choices=Role.choices)
