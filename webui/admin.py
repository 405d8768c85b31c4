"""Django's admin: accounts are kept here, and every other table can be looked at.

What an operation guards is read-only: a row changed behind its back would have no author, no event and perhaps a broken
promise. Where something must be possible here, an action calls the operation.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Field, Model, QuerySet
from django.forms import Field as FormField
from django.http import HttpRequest, HttpResponse

from coordination import models
from coordination.actor import Actor
from coordination.operations import keys, webhooks

# Generic only in the stubs.
if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

READ_ONLY = "to look at; changed only by what the board and the API offer, so that each change has an author and an event"
LONG_LIST = 100  # rows

for _name in ("account", "mfa", "usersessions"):
    import_module(f"allauth.{_name}.admin")  # else it would register its tables after us
for _model in (Group, EmailAddress, EmailConfirmation, Authenticator, UserSession):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

# Only this list names many of them, so the models need not know it.
models.ApiKey._meta.verbose_name_plural = "API keys"
models.Dependency._meta.verbose_name_plural = "dependencies"

admin.site.site_header = "Muster"
admin.site.site_title = "Muster"
admin.site.index_title = "Tables"


class LookedAt(Base):
    """A table that nobody changes here."""

    list_per_page = LONG_LIST
    show_full_result_count = False  # counting a million events to say so is no help

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"subtitle": READ_ONLY} | (extra_context or {}))


@admin.register(models.User)
class People(UserAdmin):  # type: ignore[type-arg]  # generic only in the stubs
    """Accounts. One that worked here is switched off, never deleted: its name stands in the log."""

    list_display = ("user_name", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "is_staff")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "theme", "time_zone", "shortcuts")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Seen", {"fields": ("last_login", "date_joined")}),
    )

    @admin.display(description="user name", ordering="username")
    def user_name(self, user: models.User) -> str:
        return user.username

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> FormField | None:
        """Call it what the page for signing in calls it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "username":
            field.label = "User name"
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Nobody gives away more than they have."""
        own = tuple(str(name) for name in self.readonly_fields)
        return own if getattr(request.user, "is_superuser", False) else (*own, "is_staff", "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_superuser = bool(getattr(request.user, "is_superuser", False))
        return super().has_change_permission(request, obj) and (is_superuser or not (obj and obj.is_superuser))


@admin.register(Authenticator)
class SecondFactors(LookedAt):
    """Who has a second factor. Deleting one lets in a person who lost both app and codes."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("type",)
    search_fields = ("user__username",)
    fields = ("user", "type", "created_at", "last_used_at")  # never its secret

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))


@admin.register(UserSession)
class Sessions(LookedAt):
    """Who is signed in where. Deleting one signs it out."""

    list_display = ("user", "ip", "user_agent", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "ip")
    fields = ("user", "ip", "user_agent", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for session in queryset:
            session.end()


@admin.register(models.ApiKey)
class Keys(LookedAt):
    list_display = ("name", "public_id", "scope", "agent", "user", "is_limited", "created_at", "last_used_at", "revoked_at")
    list_select_related = ("agent", "user")
    list_filter = ("scope", "is_limited", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "public_id", "agent__name", "user__username")
    exclude = ("hash",)
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    @admin.action(description="Revoke the chosen keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[models.ApiKey]) -> None:
        for key in queryset:
            keys.revoke_key(key, actor=_actor(request))
        self.message_user(request, "Revoked. Whoever used them is locked out from now on.", messages.SUCCESS)


@admin.register(models.Webhook)
class Webhooks(LookedAt):
    list_display = ("id", "url", "project", "enabled", "failures", "delivered_at", "last_error")
    list_select_related = ("project",)
    list_filter = ("enabled", "project")
    search_fields = ("url",)
    exclude = ("salt",)
    actions = ("pause", "go_on")

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    @admin.action(description="Pause the chosen webhooks", permissions=["switch"])
    def pause(self, request: HttpRequest, queryset: QuerySet[models.Webhook]) -> None:
        for hook in queryset:
            webhooks.edit_webhook(hook, {"enabled": False}, actor=_actor(request))

    @admin.action(description="Let the chosen webhooks go on", permissions=["switch"])
    def go_on(self, request: HttpRequest, queryset: QuerySet[models.Webhook]) -> None:
        for hook in queryset:
            webhooks.edit_webhook(hook, {"enabled": True}, actor=_actor(request))


def _actor(request: HttpRequest) -> Actor:
    assert isinstance(request.user, models.User)
    return request.user.actor


import_module("webui.admin_tables")  # registers the rest; it needs LookedAt
