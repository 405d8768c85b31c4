"""How people sign in: allauth's forms in our words, without its mails and sign-ups, and with secrets that a copy of the
database does not give away.
"""

import base64
import hashlib
import logging
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ConfirmCode
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest

from coordination.models import User

log = logging.getLogger(__name__)
WAYS = {
    "reauthenticate": "Use your password instead",
    "mfa_reauthenticate": "Use a code instead",
    "mfa_reauthenticate:webauthn": "Use a passkey instead",
}


class Accounts(DefaultAccountAdapter):
    """Accounts are made by an admin, and what happened is said by the page that shows it."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many failed attempts. Wait a few minutes, then try again.",
        "username_password_mismatch": "The user name or the password is wrong. Both are case-sensitive.",
        "incorrect_password": "This is not your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, request: HttpRequest, level: int, *args: Any, message: str | None = None, **kwargs: Any) -> None:
        """Say what went wrong only: "you are signed in" is what the page after it shows."""
        if level >= messages.ERROR and message:
            messages.error(request, message)

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, str]]:
        """Name the ways to say "it is me" as the links to them do."""
        return [way | {"description": WAYS.get(way["id"], way["description"])} for way in super().get_reauthentication_methods(user)]


class SecondFactors(DefaultMFAAdapter):
    """Secrets of authenticator apps are encrypted with the server's own, which is not in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is wrong or was used already. Wait for the next one, and check the clock of your device."
    }

    def get_totp_issuer(self) -> str:
        return "Muster"

    def get_totp_label(self, user: User) -> str:
        return user.get_username()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return what passkeys are bound to: the name of the host, under which browsers offer them again."""
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Muster"}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return entity | {"name": user.get_username(), "display_name": user.get_username()}

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.warning("A second factor was encrypted with another SECRET_KEY and fits no code; remove it on the admin pages.")
            return base64.b32encode(secrets.token_bytes(20)).decode("ascii")  # a secret that nobody has


def _cipher() -> MultiFernet:
    """Encrypt with the server's secret, and read what its earlier ones wrote."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"second factor:{key}".encode()).digest())) for key in keys])


class SignInForm(LoginForm):
    """A user name and a password, with labels instead of placeholders."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""
        self.fields["login"].label = "User name"
        self.fields["login"].widget.attrs |= {"autofocus": True, "autocapitalize": "none", "spellcheck": "false"}


class ConfirmForm(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].widget.attrs |= {"autofocus": True}


class AppForm(ActivateTOTPForm):
    """The first code of an app, with a label instead of a placeholder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.pop("placeholder", None)


class OneTime(forms.Form):
    """Takes each code of an app once, for all processes: allauth notes used ones in the memory of one, and for one step only."""

    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.pop("placeholder", None)

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]  # the form that this is mixed into
        if self.authenticator.type == Authenticator.Type.TOTP and not _first_use(self.authenticator, code):
            raise SecondFactors().validation_error("incorrect_code")
        return code


class CodeForm(OneTime, AuthenticateForm):
    """The code at sign-in."""

    def kinds(self) -> set[str]:
        """Return which second factors the person has, for the words of the page."""
        return set(Authenticator.objects.filter(user=self.user).values_list("type", flat=True))


class ConfirmCodeForm(OneTime, ConfirmCode):
    """The code before the second factor is changed."""


@transaction.atomic
def _first_use(authenticator: Authenticator, code: str) -> bool:
    """Note the time step that a right code is of; return False if it or a later one was used before."""
    row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    secret = SecondFactors().decrypt(row.data["secret"])
    typed = "".join(code.split())
    steps = [step for step in yield_hotp_counters_from_time() if format_hotp_value(hotp_value(secret, step)) == typed]
    if not steps or row.data.get("last_step", 0) >= steps[-1]:
        return False
    row.data["last_step"] = steps[-1]
    row.save(update_fields=["data"])
    authenticator.data = row.data
    return True
