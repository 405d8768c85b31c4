"""Where a person is signed in."""

from allauth.usersessions.internal.flows.sessions import end_other_sessions, end_sessions
from allauth.usersessions.models import UserSession
from django.http import HttpResponse
from django.urls import reverse

from coordination.errors import NotFound
from webui.requests import Request, acts, done


@acts
def end(request: Request, session_id: int) -> HttpResponse:
    session = UserSession.objects.filter(pk=session_id, user_id=request.user.pk).first()
    if session is None:
        raise NotFound("This session has ended already.")
    end_sessions(request, [session])
    return done(request, "Signed out there.", reverse("account"))


@acts
def end_others(request: Request) -> HttpResponse:
    end_other_sessions(request, request.user)
    return done(request, "Signed out everywhere else.", reverse("account"))
