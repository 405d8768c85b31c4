from datetime import timedelta

from django.db import models
from django.db.models import Q

from coordination.lifecycle import Outcome
from coordination.models.fields import choices


class Attempt(models.Model):
    """One claim of a task: what was handed out, and what came of it. One row a claim, never overwritten by the next."""

    # The constraint and the index below begin with these two.
    task = models.ForeignKey("coordination.Task", on_delete=models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveIntegerField()
    # Agents are retired and keys revoked, neither is deleted; a check would make every claim lock the row of its agent.
    agent = models.ForeignKey("coordination.Agent", on_delete=models.PROTECT, related_name="attempts", db_index=False, db_constraint=False)
    key = models.ForeignKey(
        "coordination.ApiKey", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    fence = models.PositiveBigIntegerField()
    commit = models.CharField(max_length=40, blank=True, default="")  # of the task's repository, as handed out
    told = models.JSONField(default=dict, blank=True)  # the parts of the brief that git does not hold, as handed out
    claimed_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=choices(Outcome), blank=True, default="")
    reason_class = models.CharField(max_length=20, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    progress = models.PositiveSmallIntegerField(null=True, blank=True)  # percent
    progress_note = models.CharField(max_length=500, blank=True, default="")
    result = models.TextField(blank=True, default="")
    result_data = models.JSONField(default=dict, blank=True)
    report = models.TextField(blank=True, default="")
    error = models.TextField(blank=True, default="")
    usage = models.JSONField(default=dict, blank=True)  # tokens, turns, durations in ms, session id, measured or not
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    tip = models.CharField(max_length=40, blank=True, default="")  # of branch attempts/<number>: the truth, the ref follows
    sealed_commit = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["task", "number"], name="attempt_numbers_are_unique")]
        indexes = [
            models.Index(fields=["agent", "-id"], name="attempts_of_an_agent"),
            models.Index(fields=["finished_at"], condition=Q(sealed_commit="") & ~Q(commit=""), name="attempt_to_seal"),
        ]

    def __str__(self) -> str:
        return f"#{self.task_id} attempt {self.number}"

    @property
    def took(self) -> timedelta | None:
        """How long it lasted from its claim; None while it lasts."""
        return self.finished_at - self.claimed_at if self.finished_at else None


class LateResult(models.Model):
    """Work that arrived after its lease was lost: refused as truth, kept for a person to adopt (P5)."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="late_results")
    received_at = models.DateTimeField()
    succeeded = models.BooleanField()
    result = models.TextField(blank=True, default="")
    result_data = models.JSONField(default=dict, blank=True)
    report = models.TextField(blank=True, default="")
    error = models.TextField(blank=True, default="")
    usage = models.JSONField(default=dict, blank=True)
    why_late = models.CharField(max_length=20)
    sealed_commit = models.CharField(max_length=40, blank=True, default="")
    adopted_at = models.DateTimeField(null=True, blank=True)
    adopted_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"late result of {self.attempt}"


class Question(models.Model):
    """What an agent asked a person about a task, and the answer."""

    task = models.ForeignKey("coordination.Task", on_delete=models.CASCADE, related_name="questions")
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="questions")
    text = models.TextField()
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True, default="")
    answered_by = models.CharField(max_length=200, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]


class Review(models.Model):
    """A reviewer's verdict on one attempt."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="reviews")
    approved = models.BooleanField()
    comments = models.TextField(blank=True, default="")
    reviewer = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{'approved' if self.approved else 'changes'} by {self.reviewer}"
