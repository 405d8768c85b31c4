from django.db import models


class ProjectRepository(models.Model):
    """A repository that tasks of one project may refer to: a bare copy that an administrator adds and brings up to date.

    It lies in the store of sources under its number. The server fetches from paths that the administrator names, never
    from an address.
    """

    project = models.ForeignKey("coordination.Project", on_delete=models.CASCADE, related_name="repositories")
    name = models.SlugField(max_length=60)
    head = models.CharField(max_length=40, blank=True, default="")  # what a reference without a commit means
    updated_at = models.DateTimeField()
    added_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "project repositories"
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="repository_names_are_unique_in_a_project")]

    def __str__(self) -> str:
        return f"{self.project}/{self.name}"
