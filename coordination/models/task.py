from datetime import datetime

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from coordination.lifecycle import DEFAULT_PRIORITY, MAX_ATTEMPTS, Band, LeaseMode, OnChange, ReviewPolicy, State, Tier, band_of
from coordination.models.fields import choices

WAITS_FOR_PERSON = Q(state__in=["blocked", "review", "failed"]) | Q(awaits_person=True, state="waiting")


class Task(models.Model):
    """A unit of work in one phase. State moves only through coordination/operations."""

    # A claim and a completion each write an entry to every index of this row, so it has none that another one covers.
    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, related_name="tasks", db_index=False)
    phase = models.ForeignKey("coordination.Phase", on_delete=models.CASCADE, related_name="tasks", db_index=False)
    lane = models.ForeignKey("coordination.Lane", on_delete=models.PROTECT, related_name="tasks", db_index=False)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children", db_index=False)

    key = models.CharField(max_length=100, blank=True, default="")  # its name in the plan it came from
    title = models.CharField(max_length=500)
    objective = models.TextField(blank=True, default="")
    criteria = models.JSONField(default=list, blank=True)
    kind = models.CharField(max_length=60, blank=True, default="")
    labels = models.JSONField(default=list, blank=True)
    priority = models.PositiveSmallIntegerField(default=DEFAULT_PRIORITY, validators=[MaxValueValidator(100)])
    tier = models.CharField(max_length=10, choices=choices(Tier), default=Tier.STANDARD)
    capabilities = models.JSONField(default=list, blank=True)
    assigned_to = models.ForeignKey(
        "coordination.Agent", on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned", db_index=False
    )
    fallback_after = models.PositiveIntegerField(null=True, blank=True)  # seconds in the queue until any capable agent may take it
    review_policy = models.CharField(max_length=16, choices=choices(ReviewPolicy), default=ReviewPolicy.NONE)
    on_change = models.CharField(max_length=10, choices=choices(OnChange), blank=True, default="")  # "": as the project says
    max_attempts = models.PositiveSmallIntegerField(default=MAX_ATTEMPTS)
    timeout = models.PositiveIntegerField(null=True, blank=True)  # seconds that one attempt may run
    lease_mode = models.CharField(max_length=10, choices=choices(LeaseMode), default=LeaseMode.HEARTBEAT)
    not_before = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=10, choices=choices(State), default=State.WAITING)
    state_since = models.DateTimeField()
    awaits_person = models.BooleanField(default=False)  # added by an agent, in a project where a person lets such tasks run
    blockers = models.PositiveIntegerField(default=0)  # unsatisfied dependencies
    # Set when the first task waits for this one and never taken back. On the row itself, so that whoever ends the task and had
    # to wait for the row sees what was added meanwhile.
    has_dependents = models.BooleanField(default=False, db_default=False)
    retry_at = models.DateTimeField(null=True, blank=True)
    sort_key = models.BigIntegerField(default=0)  # lifecycle.sort_key, fixed when the task becomes ready
    fallback_at = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    attempts_made = models.PositiveIntegerField(default=0)
    # Who claimed it last: the agent's name, which never changes, so that an index holds the tasks in the order of the names.
    last_agent = models.CharField(max_length=100, blank=True, default="", db_default="")
    failures = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True, default="")
    head = models.CharField(max_length=40, blank=True, default="")  # commit of main in the task's repository: the truth
    rerun_of = models.ForeignKey("coordination.Attempt", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    result = models.TextField(blank=True, default="")

    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    waiting_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    running_at = models.DateTimeField(null=True, blank=True)
    blocked_at = models.DateTimeField(null=True, blank=True)
    review_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["lane", "sort_key", "id"], condition=Q(state="queued"), name="task_claim_order"),
            models.Index(fields=["project", "state", "sort_key", "id"], name="task_board_order"),
            # The newest of a state, for the columns of the board whose order is not the order of claims.
            models.Index(fields=["project", "state", "state_since", "id"], name="task_board_since"),
            models.Index(fields=["phase", "state"], name="task_phase_progress"),
            # For the list in the order of agents; the state is there for counting alone.
            models.Index(fields=["project", "last_agent", "id", "state"], name="task_by_agent"),
            # What waits for a person, by what waits longest; work that goes its way never touches it. `needs_you` says why it is
            # asked in these very words.
            models.Index(fields=["state", "state_since", "id", "project"], condition=WAITS_FOR_PERSON, name="task_needs_person"),
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="task_children"),
            models.Index(fields=["assigned_to"], condition=Q(assigned_to__isnull=False), name="task_assigned"),
            models.Index(fields=["rerun_of"], condition=Q(rerun_of__isnull=False), name="task_rerun"),
            models.Index(fields=["retry_at"], condition=Q(retry_at__isnull=False), name="task_retry_due"),
            models.Index(fields=["not_before"], condition=Q(not_before__isnull=False, state="waiting"), name="task_start_due"),
            models.Index(fields=["fallback_at"], condition=Q(fallback_at__isnull=False, state="queued"), name="task_fallback_due"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(priority__lte=100), name="priority_is_0_to_100"),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in State]), name="state_is_known"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"

    @property
    def band(self) -> Band:
        return band_of(self.priority)

    def at(self, state: State) -> datetime | None:
        """Return when the task last entered `state`, or None if it never did."""
        value: datetime | None = getattr(self, f"{state}_at")
        return value


class TaskFile(models.Model):
    """The current text of one file of the task's repository; its history is in git.

    Kept here too, so that losing a whole repository loses no current text and a brief needs no git (P15).
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=1024)
    content = models.BinaryField()
    size = models.PositiveIntegerField()

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["task", "path"], name="one_file_per_path")]

    def __str__(self) -> str:
        return f"#{self.task_id} {self.path}"

    @property
    def text(self) -> str | None:
        """Return the content as text, or None when it is not UTF-8."""
        try:
            return bytes(self.content).decode("utf-8")
        except UnicodeDecodeError:
            return None
