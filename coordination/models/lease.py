from django.db import models

from coordination.lifecycle import LeaseMode
from coordination.models.fields import choices


class Lease(models.Model):
    """The right to work on a task. Exists exactly while the task is claimed or running; heartbeats touch only this row."""

    # Written in one transaction with the attempt, which the database checks against its task: a task whose attempt is not
    # deleted with it stays, and so does the lease.
    task = models.OneToOneField("coordination.Task", on_delete=models.CASCADE, primary_key=True, related_name="lease", db_constraint=False)
    attempt = models.OneToOneField("coordination.Attempt", on_delete=models.CASCADE, related_name="lease", db_constraint=False)
    agent = models.ForeignKey("coordination.Agent", on_delete=models.CASCADE, related_name="leases", db_constraint=False)
    fence = models.PositiveBigIntegerField()
    mode = models.CharField(max_length=10, choices=choices(LeaseMode), default=LeaseMode.HEARTBEAT)
    ttl = models.PositiveIntegerField()  # seconds
    acquired_at = models.DateTimeField()
    renewed_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return f"#{self.task_id} held by {self.agent_id} until {self.expires_at:%H:%M:%S}"
