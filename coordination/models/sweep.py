from django.db import models


class SweepMark(models.Model):
    """One row: when the last sweep ran, and until when expiry is paused. The sweep's winner is chosen by a conditional update of it."""

    swept_at = models.DateTimeField()
    expiry_paused_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"swept at {self.swept_at}"
