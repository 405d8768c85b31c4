from django.db import models


class LineCommentQuerySet(models.QuerySet["LineComment"]):
    def kept(self) -> "LineCommentQuerySet":
        """Leave out what was deleted."""
        return self.filter(deleted_at=None)

    def open_on(self, task_id: int) -> "LineCommentQuerySet":
        """Return what the next brief of the task will hold."""
        return self.kept().filter(task=task_id, resolved_at=None)


class LineComment(models.Model):
    """A person's remark on one line of a version of a task's files. It stands in every brief until it is resolved or deleted.

    The row of a deleted one stays, unseen: the briefs that it was in are told again word for word.
    """

    task = models.ForeignKey("coordination.Task", on_delete=models.CASCADE, related_name="line_comments")
    commit = models.CharField(max_length=40)
    attempt = models.PositiveIntegerField(null=True, blank=True)  # whose work it is about; null for what agents are told
    path = models.CharField(max_length=1024)
    line = models.PositiveIntegerField()
    quoted = models.CharField(max_length=500, blank=True, default="")  # the line as it was
    text = models.TextField()
    author = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=200, blank=True, default="")
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.CharField(max_length=200, blank=True, default="")

    objects = LineCommentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.text[:40]}"
