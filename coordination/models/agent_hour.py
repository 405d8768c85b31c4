from django.db import models


class AgentHour(models.Model):
    """In which minutes of one hour an agent gave a sign of life: bit n of `minutes` stands for minute n."""

    agent = models.ForeignKey("coordination.Agent", on_delete=models.CASCADE, related_name="hours", db_index=False)
    hour = models.DateTimeField(db_index=True)
    minutes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "hour"], name="one_row_per_agent_and_hour")]

    def __str__(self) -> str:
        return f"{self.agent_id} in the hour of {self.hour:%d %b %H:%M}"
