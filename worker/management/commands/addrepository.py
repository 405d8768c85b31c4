"""`manage.py addrepository PROJECT NAME PATH`: let tasks refer to files of a repository, or bring its copy up to date."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.actor import SYSTEM
from coordination.models import Project
from coordination.operations.sources import add_repository
from worker.commands import refusals_told


class Command(BaseCommand):
    help = "Copy a repository (or a git bundle) from this machine, so that tasks may refer to repo:NAME/path@commit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's slug")
        parser.add_argument("name", help="the name that references use")
        parser.add_argument("path", type=Path, help="a repository or a bundle on this machine")

    def handle(self, *args: Any, project: str, name: str, path: Path, **options: Any) -> None:
        found = Project.objects.filter(slug=project).first()
        if found is None:
            raise CommandError(f"There is no project {project!r}.")
        with refusals_told():
            row = add_repository(found, name, path, actor=SYSTEM)
        self.stdout.write(f"repo:{row.name} stands at {row.head}.")
