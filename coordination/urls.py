"""Every address of Muster: the agents' door, the people's door, and Django's admin."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# Its own sign-in page would ask for no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth documents it

handler400 = "webui.bad_requests.refused"
urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("coordination.api.urls")),
    path("", include("webui.urls")),
]
