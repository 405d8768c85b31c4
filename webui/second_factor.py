"""Who must have a second factor (SECOND_FACTOR_FOR), and what they reach before they have one."""

from allauth.mfa.models import Authenticator
from django.conf import settings

from coordination.models import Role, User

OPEN_WITHOUT_FACTOR = frozenset(
    {
        *("second_factor_needed", "mfa_add_webauthn", "mfa_activate_totp", "mfa_view_recovery_codes"),
        *("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"),
        *("login", "account_login", "logout", "account_logout", "admin:logout", "favicon"),
    }
)


def lacks_second_factor(user: User) -> bool:
    """Return whether this person has to set up a second factor before anything else."""
    if settings.SECOND_FACTOR_FOR == "nobody" or (settings.SECOND_FACTOR_FOR == "admins" and not _administers(user)):
        return False
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return not Authenticator.objects.filter(user=user, type__in=kinds).exists()


def _administers(user: User) -> bool:
    """Whether a person is an admin of the installation, of its admin pages or of any project."""
    return user.is_superuser or user.is_staff or user.memberships.filter(role=Role.ADMIN).exists()
