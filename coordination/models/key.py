import hashlib

from django.db import models
from django.utils.crypto import constant_time_compare

from coordination.actor import Actor
from coordination.models.project import Project


class Scope(models.TextChoices):
    AGENT = "agent"
    COORDINATOR = "coordinator"
    READER = "reader"
    ADMIN = "admin"


class ApiKey(models.Model):
    """A key `mst_<public id>_<secret>`, of which only the hash is stored.

    A person's own key does what that person may do, as far as its scope goes; only such a key can have scope admin.
    An agent key with `agent` set acts as that agent alone. Without, it is a fleet key: it acts as the agents it registered.
    Without `is_limited`, it opens every project; with it, only those in `projects`, also when the last of them is gone.
    """

    public_id = models.CharField(max_length=16, unique=True)
    hash = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=12, choices=Scope.choices)
    agent = models.ForeignKey("coordination.Agent", on_delete=models.CASCADE, null=True, blank=True, related_name="keys")
    user = models.ForeignKey("coordination.User", on_delete=models.CASCADE, null=True, blank=True, related_name="keys")
    projects: "models.ManyToManyField[Project, models.Model]" = models.ManyToManyField(Project, blank=True, related_name="keys")
    is_limited = models.BooleanField(default=False)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} (mst_{self.public_id}_…)"

    @staticmethod
    def hash_of(secret: str) -> str:
        """SHA-256 is right for a random 256-bit secret; a slow hash would only slow every request."""
        return hashlib.sha256(secret.encode()).hexdigest()

    def matches(self, secret: str) -> bool:
        return constant_time_compare(self.hash, self.hash_of(secret))

    @property
    def actor(self) -> Actor:
        if self.user:
            return Actor("person", self.user.pk, self.user.get_username())
        return Actor("key", self.pk, self.name)
