from django.db import models


class Message(models.Model):
    """One entry of a project's communication log, optionally about a task or to one agent. Append-only."""

    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, related_name="messages", db_index=False)
    task = models.ForeignKey("coordination.Task", on_delete=models.CASCADE, null=True, blank=True, related_name="messages")
    attempt = models.ForeignKey("coordination.Attempt", on_delete=models.SET_NULL, null=True, blank=True, related_name="messages")
    to_agent = models.ForeignKey("coordination.Agent", on_delete=models.SET_NULL, null=True, blank=True, related_name="inbox")
    author_kind = models.CharField(max_length=12)
    author_id = models.BigIntegerField(null=True, blank=True)
    author = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["project", "id"], name="message_project_order")]

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:60]}"


class MessageAck(models.Model):
    """An agent has read a message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="acks")
    agent = models.ForeignKey("coordination.Agent", on_delete=models.CASCADE, related_name="+")
    acked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "agent"], name="an_agent_acks_a_message_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} read {self.message_id}"
