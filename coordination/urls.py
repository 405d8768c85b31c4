"""Every address of Muster: the agents' door, the people's door, and Django's admin."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("coordination.api.urls")),
    path("", include("webui.urls")),
]
