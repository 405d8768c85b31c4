from django.db import models


class Webhook(models.Model):
    """An address that is told what happens, event by event, in the order of the log.

    The event log is the outbox: `cursor` is the last event that the address accepted or did not ask for. The signing
    secret is derived from `salt` and the server's secret, so that a copy of the database holds none (G11).
    """

    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, null=True, blank=True, related_name="webhooks")
    url = models.CharField(max_length=2000)
    kinds = models.JSONField(default=list, blank=True)  # "task.done", "task.*"; empty means all
    salt = models.CharField(max_length=32)
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=300, blank=True, default="")
    cursor_txid = models.BigIntegerField(default=0)
    cursor_id = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    next_try_at = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True)  # one consumer at a time keeps the order
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"webhook {self.pk}"
