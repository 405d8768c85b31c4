"""The forms that carry what a browser says for a passkey. Its answer is made by a script and checked by allauth.

allauth's parser expects what a browser makes, and stumbles over what a person could send instead: here that is refused in words.
"""

import struct
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as allauth_forms
from django import forms

NOT_UNDERSTOOD = "Your browser's answer for this passkey could not be checked. Try again."
WRONG = "This passkey is not one of yours here, or the question to it is too old. Try again."
STUMBLES = (TypeError, ValueError, LookupError, AttributeError, OverflowError, struct.error)
LONGEST_NAME = 60


class AddForm(allauth_forms.AddWebAuthnForm):
    """A new passkey and its name; `passwordless` if it is to open the account without the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].max_length = LONGEST_NAME
        self.fields["name"].widget.attrs |= {"maxlength": LONGEST_NAME, "autofocus": True, "autocomplete": "off"}
        self.fields["name"].help_text = "Where it is kept, such as phone or blue key."
        self.fields["passwordless"].label = "Sign in with it alone, without the password"
        self.fields["passwordless"].help_text = "Your device then asks for your finger, face or PIN each time."
        self.fields["passwordless"].initial = True

    def clean_name(self) -> str:
        name: str = super().clean_name()
        return name[:LONGEST_NAME]

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except STUMBLES:
            raise forms.ValidationError(NOT_UNDERSTOOD) from None
        if self.errors.get("credential"):
            raise forms.ValidationError(NOT_UNDERSTOOD)
        return cleaned


class RenameForm(allauth_forms.EditWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(max_length=LONGEST_NAME, initial=self.initial["name"])


class Answered(forms.Form):
    """What the passkey signed, which allauth compares with the question that the server asked."""

    def clean_credential(self) -> Authenticator:
        if not isinstance(self.cleaned_data["credential"], dict):
            raise forms.ValidationError(NOT_UNDERSTOOD)
        try:
            found: Authenticator = super().clean_credential()  # type: ignore[misc]  # the form that this is mixed into
        except STUMBLES:
            raise forms.ValidationError(NOT_UNDERSTOOD) from None
        except forms.ValidationError as error:
            raise forms.ValidationError(WRONG if error.code == "incorrect_code" else error.messages) from None
        return found


class SignInForm(Answered, allauth_forms.LoginWebAuthnForm):
    """A passkey instead of user name and password."""


class SecondFactorForm(Answered, allauth_forms.AuthenticateWebAuthnForm):
    """A passkey after the password."""


class ConfirmForm(Answered, allauth_forms.ReauthenticateWebAuthnForm):
    """A passkey before the second factor is changed."""
