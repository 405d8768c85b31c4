from django.db import models

from coordination.lifecycle import Tier
from coordination.models.agent import Agent
from coordination.models.fields import choices


class Lane(models.Model):
    """One combination of project, tier, required capabilities and assigned agent.

    Every task stands in one lane, and `LaneAgent` lists who serves it, so a claim probes the head of the
    few lanes its agent serves and never walks tasks that the agent cannot run.
    """

    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, related_name="lanes")
    tier = models.CharField(max_length=10, choices=choices(Tier))
    capabilities = models.JSONField(default=list, blank=True)
    assigned_to = models.ForeignKey("coordination.Agent", on_delete=models.CASCADE, null=True, related_name="+")
    # The combination in one string: NULLs and JSON do not make a unique constraint that both databases agree on.
    key = models.CharField(max_length=64, unique=True)
    agents: "models.ManyToManyField[Agent, LaneAgent]" = models.ManyToManyField(
        Agent, through="coordination.LaneAgent", related_name="lanes"
    )

    def __str__(self) -> str:
        return f"{self.project_id}/{self.tier}/{'+'.join(self.capabilities) or 'anything'}"


class LaneAgent(models.Model):
    """This agent can run the tasks of this lane."""

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE)
    agent = models.ForeignKey("coordination.Agent", on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "lane"], name="an_agent_serves_a_lane_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} serves {self.lane_id}"
