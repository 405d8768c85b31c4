from django.db import models


class JobMark(models.Model):
    """When a job last ran, what it said, and how far it has read the event log."""

    name = models.CharField(max_length=40, unique=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    said = models.CharField(max_length=500, blank=True, default="")
    cursor_txid = models.BigIntegerField(default=0)
    cursor_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} at {self.started_at}"
