from django.db import models


class ReadMark(models.Model):
    """Up to which message a person has read one thread of a project; the thread "" stands for all of them."""

    user = models.ForeignKey("coordination.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, related_name="+")
    thread = models.CharField(max_length=40, blank=True, default="")
    message = models.BigIntegerField()  # no key of another table: a mark outlives the message that it names

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "project", "thread"], name="one_mark_for_a_reader_and_thread")]

    def __str__(self) -> str:
        return f"{self.user_id} read {self.thread or 'everything'} of {self.project_id} up to {self.message}"
