from typing import cast

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpResponse
from django.urls import reverse

from coordination.models import User
from webui.forms import AccountForm
from webui.requests import Request, acts, done, page, shows, typed


@shows
def account(request: Request) -> HttpResponse:
    return _account(request, AccountForm(initial=_looks(request)), PasswordChangeForm(_user(request)))


@acts
def save(request: Request) -> HttpResponse:
    User.objects.filter(pk=_user(request).pk).update(**typed(AccountForm(request.POST)))
    return done(request, "Your settings are saved.", reverse("account"))


@acts
def password(request: Request) -> HttpResponse:
    form = PasswordChangeForm(_user(request), request.POST)
    if not form.is_valid():
        return _account(request, AccountForm(initial=_looks(request)), form, status=422)
    update_session_auth_hash(request, form.save())
    return done(request, "Your password is changed.", reverse("account"))


def _account(request: Request, form: AccountForm, password_form: PasswordChangeForm, *, status: int = 200) -> HttpResponse:
    return page(request, "account/account.html", section="account", form=form, password_form=password_form, status=status)


def _looks(request: Request) -> dict[str, object]:
    user = _user(request)
    return {"theme": user.theme, "time_zone": user.time_zone, "shortcuts": user.shortcuts}


def _user(request: Request) -> User:
    return cast(User, request.user)
