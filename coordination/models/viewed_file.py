from django.db import models


class ViewedFile(models.Model):
    """That a person has read how a file changed. It counts for this very change: another one is to be read again."""

    user = models.ForeignKey("coordination.User", on_delete=models.CASCADE, related_name="viewed_files", db_index=False)
    task = models.ForeignKey("coordination.Task", on_delete=models.CASCADE, related_name="+")
    path = models.CharField(max_length=1024)
    change = models.CharField(max_length=81)  # the ids of the two contents

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "task", "path"], name="a_file_is_viewed_once")]

    def __str__(self) -> str:
        return f"#{self.task_id} {self.path}"
