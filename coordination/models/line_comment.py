from django.db import models


class LineComment(models.Model):
    """A person's remark on one line of a version of a task's files. It stands in every brief until it is resolved."""

    task = models.ForeignKey("coordination.Task", on_delete=models.CASCADE, related_name="line_comments")
    commit = models.CharField(max_length=40)
    path = models.CharField(max_length=1024)
    line = models.PositiveIntegerField()
    quoted = models.CharField(max_length=500, blank=True, default="")  # the line as it was
    text = models.TextField()
    author = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.text[:40]}"
