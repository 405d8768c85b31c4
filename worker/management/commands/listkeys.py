from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from coordination.models import ApiKey


class Command(BaseCommand):
    help = "List the API keys; their secrets are stored nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="revoked ones too")

    def handle(self, *args: Any, **options: Any) -> None:
        keys = ApiKey.objects.select_related("agent").prefetch_related("projects").order_by("pk")
        for key in keys if options["all"] else keys.filter(revoked_at=None):
            projects = ", ".join(project.slug for project in key.projects.all()) if key.is_limited else "every project"
            serves = f"agent {key.agent.name}" if key.agent else "any agent" if key.scope == "agent" else ""
            until = f"until {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else ""
            revoked = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
            words = [f"mst_{key.public_id}", key.scope, key.name, serves, projects, until, revoked]
            self.stdout.write("  ".join(word for word in words if word))
