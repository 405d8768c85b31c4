from django.db import models
from django.db.models import F, Q

from coordination.lifecycle import Gate, PhaseState
from coordination.models.fields import choices


class Phase(models.Model):
    """A stage of a project. Starts when the phases it follows are completed and its gate is open."""

    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, related_name="phases")
    key = models.CharField(max_length=100, blank=True, default="")  # its name in the plan it came from
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=choices(PhaseState), default=PhaseState.PLANNED)
    gate = models.CharField(max_length=10, choices=choices(Gate), default=Gate.AUTO)
    gate_approved_at = models.DateTimeField(null=True, blank=True)
    gate_approved_by = models.CharField(max_length=200, blank=True, default="")
    # An open-ended phase never completes by itself: an inbox.
    open_ended = models.BooleanField(default=False)
    status_line = models.CharField(max_length=500, blank=True, default="")
    blockers = models.JSONField(default=list, blank=True)
    draining = models.BooleanField(default=False, db_default=False)  # paused, and somebody waits for the last attempt to end
    round = models.PositiveIntegerField(default=1)  # grows each time a completed phase is reopened
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="phase_names_are_unique_in_a_project"),
            models.UniqueConstraint(fields=["project", "key"], condition=~Q(key=""), name="phase_keys_are_unique_in_a_project"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_gate_open(self) -> bool:
        return self.gate == Gate.AUTO or self.gate_approved_at is not None


class PhaseLink(models.Model):
    """`phase` starts only after `after` is completed."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="links")
    after = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="followed_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["phase", "after"], name="one_link_between_two_phases"),
            models.CheckConstraint(condition=~Q(phase=F("after")), name="no_phase_follows_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.phase_id} after {self.after_id}"
