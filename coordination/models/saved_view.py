from django.db import models
from django.db.models import Q

LAYOUTS = ("board", "list", "timeline", "graph")


class SavedView(models.Model):
    """A filter with a name and a layout. Its owner alone sees it; without an owner everybody in the project does."""

    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, related_name="saved_views", db_index=False)
    owner = models.ForeignKey("coordination.User", on_delete=models.CASCADE, null=True, blank=True, related_name="saved_views")
    name = models.CharField(max_length=60)
    q = models.CharField(max_length=1000, blank=True, default="")
    layout = models.CharField(max_length=10, choices=[(each, each) for each in LAYOUTS], default="board")
    sort = models.CharField(max_length=20, blank=True, default="")
    group = models.CharField(max_length=20, blank=True, default="")
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "owner", "name"], name="view_names_are_unique_for_a_person"),
            models.UniqueConstraint(fields=["project", "name"], condition=Q(owner=None), name="shared_view_names_are_unique"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None
