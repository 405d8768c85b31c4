from django.db import models
from django.db.models import F, Q

from coordination.lifecycle import SATISFIED_BY, DependencyKind, State
from coordination.models.fields import choices


class Dependency(models.Model):
    """`task` waits for `on`. Both are in `project`; a database constraint holds the three together."""

    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, related_name="+")
    task = models.ForeignKey("coordination.Task", on_delete=models.CASCADE, related_name="dependencies")
    on = models.ForeignKey("coordination.Task", on_delete=models.CASCADE, related_name="dependents")
    kind = models.CharField(max_length=10, choices=choices(DependencyKind), default=DependencyKind.SUCCESS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "on"], name="one_dependency_between_two_tasks"),
            models.CheckConstraint(condition=~Q(task=F("on")), name="no_task_waits_for_itself"),
        ]

    def __str__(self) -> str:
        return f"#{self.task_id} needs #{self.on_id} ({self.kind})"

    def is_satisfied_by(self, state: str) -> bool:
        return State(state) in SATISFIED_BY[DependencyKind(self.kind)]
