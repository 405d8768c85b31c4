from django.contrib.auth.models import AbstractUser
from django.db import models

from coordination.actor import Actor
from coordination.models.fields import choices


class DiffLayout(models.TextChoices):
    """How a person reads changes."""

    UNIFIED = "unified", "Unified"
    SPLIT = "split", "Side by side"
    PROSE = "prose", "Rendered"


class User(AbstractUser):
    """A person who signs in to the board."""

    theme = models.CharField(max_length=8, default="system", choices=[("system", "System"), ("light", "Light"), ("dark", "Dark")])
    time_zone = models.CharField(max_length=64, default="UTC")
    shortcuts = models.BooleanField(default=True)  # keys without Ctrl or Cmd; WCAG 2.1.4 asks for a way to switch them off

    diff_layout = models.CharField(max_length=8, default=DiffLayout.UNIFIED, choices=choices(DiffLayout))

    @property
    def actor(self) -> Actor:
        return Actor("person", self.pk, self.get_username())
