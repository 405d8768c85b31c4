from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from coordination.lifecycle import LEASE_TTL, MAX_ATTEMPTS, SHORTEST_LEASE_TTL, OnChange, Rerun, ReviewPolicy
from coordination.models.fields import choices


class Project(models.Model):
    """A body of work: its phases, its tasks and the settings they inherit."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    lease_ttl = models.PositiveIntegerField(  # seconds
        default=LEASE_TTL, validators=[MinValueValidator(SHORTEST_LEASE_TTL), MaxValueValidator(86_400)]
    )
    max_attempts = models.PositiveSmallIntegerField(default=MAX_ATTEMPTS)
    review_policy = models.CharField(max_length=16, choices=choices(ReviewPolicy), default=ReviewPolicy.NONE)
    max_running = models.PositiveIntegerField(null=True, blank=True)
    on_change = models.CharField(max_length=10, choices=choices(OnChange), default=OnChange.REREAD)
    rerun = models.CharField(max_length=10, choices=choices(Rerun), default=Rerun.AS_IT_IS)
    wip_limits = models.JSONField(default=dict, blank=True)  # by column of the board: as many tasks are not yet too many
    agents_may_add = models.BooleanField(default=True)  # agent keys may add tasks
    budget_usd = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    spent_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True, default="")
    draining = models.BooleanField(default=False, db_default=False)  # paused, and somebody waits for the last attempt to end
    plan_head = models.CharField(max_length=40, blank=True, default="")  # of main in the repository of its plan
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None


class Role(models.TextChoices):
    VIEWER = "viewer"
    PLANNER = "planner"
    ADMIN = "admin"


class Membership(models.Model):
    """What a person may do in one project. Superusers are admins everywhere."""

    user = models.ForeignKey("coordination.User", on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "project"], name="one_role_per_person_and_project")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.project}"


class Fold(models.Model):
    """A column or swimlane of a project's board that a person has collapsed, or has opened where it is collapsed to begin with."""

    user = models.ForeignKey("coordination.User", on_delete=models.CASCADE, related_name="folds")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="folds")
    part = models.CharField(max_length=60)  # the key of a column or a swimlane; with a word before it if it was opened

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "project", "part"], name="a_part_is_folded_once")]

    def __str__(self) -> str:
        return f"{self.part} of {self.project} for {self.user}"
