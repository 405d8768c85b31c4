from django.db import models
from django.db.models import Exists, OuterRef, Subquery

from coordination.actor import Actor
from coordination.lifecycle import AgentState
from coordination.models.attempt import Attempt
from coordination.models.lease import Lease


class AgentQuerySet(models.QuerySet["Agent"]):
    def with_lease(self) -> "AgentQuerySet":
        """Annotate `holds_lease`, from which `Agent.state` tells active from idle without a query each."""
        return self.annotate(holds_lease=Exists(Lease.objects.filter(agent=OuterRef("pk"))))

    def with_activity(self) -> "AgentQuerySet":
        """Annotate `last_claim_at` and `last_completion_at`, read from the attempts so that a claim need not write them."""
        newest = Attempt.objects.filter(agent=OuterRef("pk")).order_by("-id")
        return self.annotate(
            last_claim_at=Subquery(newest.values("claimed_at")[:1]),
            last_completion_at=Subquery(newest.filter(outcome__in=["done", "submitted"]).values("finished_at")[:1]),
        )

    def living(self) -> "AgentQuerySet":
        return self.filter(retired_at=None, silent_since=None)


class Agent(models.Model):
    """A program that claims and runs tasks. Its capabilities are what it registered with, never what a request says."""

    name = models.CharField(max_length=100, unique=True)
    display_name = models.CharField(max_length=200, blank=True, default="")
    capabilities = models.JSONField(default=list, blank=True)
    tiers = models.JSONField(default=list, blank=True)
    host = models.CharField(max_length=200, blank=True, default="")
    software = models.CharField(max_length=200, blank=True, default="")
    # The host from which it gave signs of life until another one registered under its name, and when that was.
    other_host = models.CharField(max_length=200, blank=True, default="")
    other_host_at = models.DateTimeField(null=True, blank=True)
    registered_by = models.ForeignKey(
        "coordination.ApiKey", on_delete=models.SET_NULL, null=True, blank=True, related_name="registered_agents"
    )
    registered_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    silent_since = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> Actor:
        return Actor("agent", self.pk, self.name)

    @property
    def title(self) -> str:
        return self.display_name or self.name

    @property
    def state(self) -> AgentState:
        if self.retired_at:
            return AgentState.RETIRED
        if self.silent_since:
            return AgentState.SILENT
        holds = self.holds_lease if hasattr(self, "holds_lease") else self.leases.exists()
        return AgentState.ACTIVE if holds else AgentState.IDLE

    def can_run(self, tier: str, capabilities: list[str]) -> bool:
        return tier in self.tiers and set(capabilities) <= set(self.capabilities)
