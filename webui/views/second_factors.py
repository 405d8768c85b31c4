"""The second factor: allauth's views, with what our script asks the browser as an attribute of the form, and the page that leads
an administrator to one where it is required.
"""

import json
from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.views import DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, EditWebAuthnView, LoginWebAuthnView, ReauthenticateWebAuthnView, RemoveWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from coordination.models import User
from webui.second_factor import lacks_second_factor


def _asked(context: dict[str, Any]) -> str:
    """Return what the browser is to ask of the passkey, as JSON."""
    (options,) = context["js_data"].values()
    return json.dumps(options["publicKey"])


class Add(AddWebAuthnView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs) | kwargs  # allauth's forgets what it is given
        return context | {"asked": _asked(context)}


class RemoveApp(DeactivateTOTPView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        others = Authenticator.objects.filter(user=self.request.user, type=Authenticator.Type.WEBAUTHN)
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"has_passkeys": others.exists()}


class Authenticate(AuthenticateView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"asked": _asked(context), "kinds": self.auth_form.kinds()}


class Reauthenticate(ReauthenticateWebAuthnView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs) | kwargs  # allauth's forgets what it is given
        return context | {"asked": _asked(context)}

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        return response


class SignIn(LoginWebAuthnView):
    """Signs in with a passkey alone; whoever is refused stands before the sign-in page again, with where they wanted to go."""

    def form_invalid(self, form: Any) -> HttpResponse:
        for sentence in form.errors.get("credential", []):
            messages.error(self.request, sentence)
        wanted = get_next_redirect_url(self.request)
        return redirect(f"{reverse('login')}?{urlencode({'next': wanted})}" if wanted else "login")


@require_safe
@login_required
def needed(request: HttpRequest) -> HttpResponse:
    """Lead to a second factor whoever reaches nothing else until there is one."""
    if not isinstance(request.user, User) or not lacks_second_factor(request.user):
        return redirect("account")
    return render(request, "mfa/needed.html", {"for_all": settings.SECOND_FACTOR_FOR == "everyone"})


add = Add.as_view()
remove_app = RemoveApp.as_view()
authenticate = login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")(Authenticate.as_view())
reauthenticate = Reauthenticate.as_view()
sign_in = SignIn.as_view()
rename = EditWebAuthnView.as_view()
remove = RemoveWebAuthnView.as_view()
