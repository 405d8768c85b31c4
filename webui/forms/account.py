"""What people type about their account."""

import zoneinfo

from django import forms


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=[("system", "As the system says"), ("light", "Light"), ("dark", "Dark")])


class AccountForm(ThemeForm):
    time_zone = forms.ChoiceField(choices=lambda: [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())])
    shortcuts = forms.BooleanField(
        required=False, label="Keyboard shortcuts of one letter", help_text="Without them, only those with Ctrl or Cmd work."
    )
