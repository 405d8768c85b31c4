"""`manage.py backup DIR`: the database and every repository, consistent with each other, in one new directory."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.operations.backup import back_up
from worker.commands import refusals_told


class Command(BaseCommand):
    help = "Write the database and every repository into a new directory, while Muster runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        with refusals_told():
            made = back_up(directory)
        self.stdout.write(f"Wrote {made.rows} rows and {made.repositories} repositories to {directory}.")
        if made.faults:
            raise CommandError(
                "\n".join(["Some repositories are not in the backup; run repocheck --repair and back up again.", *made.faults])
            )
