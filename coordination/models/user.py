from django.contrib.auth.models import AbstractUser
from django.db import models

from coordination.actor import Actor


class User(AbstractUser):
    """A person who signs in to the board."""

    theme = models.CharField(max_length=8, default="system", choices=[("system", "System"), ("light", "Light"), ("dark", "Dark")])
    time_zone = models.CharField(max_length=64, default="UTC")
    shortcuts = models.BooleanField(default=True)  # keys without Ctrl or Cmd; WCAG 2.1.4 asks for a way to switch them off

    @property
    def actor(self) -> Actor:
        return Actor("person", self.pk, self.get_username())
