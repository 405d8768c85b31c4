from typing import cast

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpResponse
from django.urls import reverse
from django_htmx.http import trigger_client_event

from coordination.models import User
from coordination.operations.preferences import save_preferences
from webui.forms.account import AccountForm, ThemeForm
from webui.requests import Request, acts, done, page, shows, typed


@shows
def account(request: Request) -> HttpResponse:
    return _account(request, AccountForm(initial=_looks(request)), PasswordChangeForm(_user(request)))


@acts
def save(request: Request) -> HttpResponse:
    save_preferences(_user(request), typed(AccountForm(request.POST)))
    return done(request, "Your settings are saved.", reverse("account"))


@acts
def theme(request: Request) -> HttpResponse:
    """Change the theme alone, from the palette: a page with a script changes at once, another one is loaded again."""
    wanted = typed(ThemeForm(request.POST))
    save_preferences(_user(request), wanted)
    response = done(request, "The theme is changed.", reverse("account"))
    return trigger_client_event(response, "muster:theme", wanted) if request.htmx else response


@acts
def password(request: Request) -> HttpResponse:
    form = PasswordChangeForm(_user(request), request.POST)
    if not form.is_valid():
        return _account(request, AccountForm(initial=_looks(request)), form, status=422)
    update_session_auth_hash(request, form.save())
    UserSession.objects.create_from_request(request)  # this one goes on under a new name
    return done(request, "Your password is changed, and you are signed out everywhere else.", reverse("account"))


def _account(request: Request, form: AccountForm, password_form: PasswordChangeForm, *, status: int = 200) -> HttpResponse:
    user = _user(request)
    password_form.fields["old_password"].widget.attrs.pop("autofocus", None)  # it is one of several things to do here
    password_form.fields["new_password1"].help_text = "At least 10 characters, no common password, and nothing like your name."
    password_form.fields["new_password2"].help_text = ""
    password_form.fields["new_password2"].label = "New password again"
    kept = list(Authenticator.objects.filter(user=user).order_by("pk"))
    factors = {factor.type: factor for factor in kept}
    codes = factors.get(Authenticator.Type.RECOVERY_CODES)
    return page(
        request,
        "account/account.html",
        section="account",
        form=form,
        password_form=password_form,
        passkeys=[factor for factor in kept if factor.type == Authenticator.Type.WEBAUTHN],
        app=factors.get(Authenticator.Type.TOTP),
        codes_left=len(codes.wrap().get_unused_codes()) if codes else 0,
        sessions=sorted(UserSession.objects.purge_and_list(user), key=lambda session: session.created_at, reverse=True),
        this_session=request.session.session_key,
        status=status,
    )


def _looks(request: Request) -> dict[str, object]:
    user = _user(request)
    return {"theme": user.theme, "time_zone": user.time_zone, "shortcuts": user.shortcuts}


def _user(request: Request) -> User:
    return cast(User, request.user)
