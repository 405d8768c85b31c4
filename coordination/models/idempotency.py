from django.db import models


class IdempotentRequest(models.Model):
    """A POST that came with an Idempotency-Key, and its answer. Kept for 24 hours (P10)."""

    owner = models.CharField(max_length=60)
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "route", "key"], name="an_idempotency_key_is_used_once")]

    def __str__(self) -> str:
        return f"{self.owner} {self.route} {self.key}"
