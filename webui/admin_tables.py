"""The tables of the domain in Django's admin, to look at: what each list shows, filters by and finds."""

from typing import Any

from django.contrib import admin

from coordination import models
from webui.admin import LookedAt


@admin.register(models.Event)
class Events(LookedAt):
    list_display = ("id", "at", "kind", "project", "task_id", "agent_id", "actor_kind", "actor_name")
    list_select_related = ("project",)
    list_filter = ("actor_kind", "project")
    search_fields = ("kind__startswith", "=task_id", "actor_name")
    ordering = ("-id",)


@admin.register(models.Project)
class Projects(LookedAt):
    list_display = ("slug", "name", "review_policy", "lease_ttl", "max_running", "budget_usd", "spent_usd", "paused_at")
    list_filter = (("paused_at", admin.EmptyFieldListFilter),)
    search_fields = ("slug", "name")


@admin.register(models.Phase)
class Phases(LookedAt):
    list_display = ("name", "project", "position", "state", "gate", "started_at", "completed_at")
    list_select_related = ("project",)
    list_filter = ("state", "gate", "project")
    search_fields = ("name",)


@admin.register(models.Task)
class Tasks(LookedAt):
    list_display = ("id", "title", "project", "phase", "state", "state_since", "priority", "tier", "assigned_to", "attempts_made")
    list_select_related = ("project", "phase", "assigned_to")
    list_filter = ("state", "tier", "project")
    search_fields = ("=id", "title")
    ordering = ("-id",)


@admin.register(models.TaskFile)
class TaskFiles(LookedAt):
    list_display = ("path", "task", "size")
    list_select_related = ("task",)
    search_fields = ("path", "=task__id")
    exclude = ("content",)


@admin.register(models.Attempt)
class Attempts(LookedAt):
    list_display = ("id", "task", "number", "agent", "outcome", "reason_class", "claimed_at", "finished_at", "cost_usd")
    list_select_related = ("task", "agent")
    list_filter = ("outcome", "reason_class")
    search_fields = ("=task__id", "agent__name")
    ordering = ("-id",)


@admin.register(models.Agent)
class Agents(LookedAt):
    list_display = ("name", "display_name", "host", "software", "last_seen_at", "silent_since", "retired_at")
    list_filter = (("silent_since", admin.EmptyFieldListFilter), ("retired_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "display_name", "host")


@admin.register(models.AgentHour)
class AgentHours(LookedAt):
    list_display = ("agent", "hour", "minutes")
    list_select_related = ("agent",)
    search_fields = ("agent__name",)
    ordering = ("-hour",)


@admin.register(models.Lease)
class Leases(LookedAt):
    list_display = ("task", "agent", "fence", "mode", "acquired_at", "renewed_at", "expires_at", "cancel_requested_at")
    list_select_related = ("task", "agent")
    search_fields = ("=task__id", "agent__name")
    ordering = ("expires_at",)


@admin.register(models.Message)
class Messages(LookedAt):
    list_display = ("id", "project", "task", "author_kind", "author", "to_agent", "created_at")
    list_select_related = ("project", "task", "to_agent")
    list_filter = ("author_kind", "project")
    search_fields = ("text", "author", "=task__id")
    ordering = ("-id",)


@admin.register(models.Membership)
class Memberships(LookedAt):
    list_display = ("user", "project", "role", "created_at")
    list_select_related = ("user", "project")
    list_filter = ("role", "project")
    search_fields = ("user__username",)


class Plain(LookedAt):
    """A table whose columns are all worth a look."""

    def get_list_display(self, request: Any) -> list[Any]:
        return [field.name for field in self.model._meta.fields if field.get_internal_type() not in ("TextField", "JSONField")]

    def get_list_select_related(self, request: Any) -> list[str]:
        return [field.name for field in self.model._meta.fields if field.is_relation]


admin.site.register(
    [
        models.Dependency,
        models.Fold,
        models.IdempotentRequest,
        models.JobMark,
        models.Lane,
        models.LateResult,
        models.LineComment,
        models.MessageAck,
        models.PhaseLink,
        models.ProjectRepository,
        models.Question,
        models.ReadMark,
        models.Review,
        models.SweepMark,
        models.ViewedFile,
    ],
    Plain,
)


@admin.register(models.SavedView)
class SavedViews(LookedAt):
    list_display = ("id", "name", "project", "owner", "layout", "q")
    list_select_related = ("project", "owner")
    list_filter = ("layout", "project")
    search_fields = ("name", "q")
