"""`manage.py restore DIR`: fill an empty Muster from a backup."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.operations.backup import restore
from worker.commands import refusals_told
from worker.startup import CannotStart, bring_schema_up_to_date


class Command(BaseCommand):
    help = "Fill an empty Muster (a new MUSTER_HOME, an empty database) from a backup. Agents claim again afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        try:
            bring_schema_up_to_date(may_migrate=True)
        except CannotStart as error:
            raise CommandError(str(error)) from None
        with refusals_told():
            made = restore(directory)
        self.stdout.write(f"Restored {made.rows} rows and {made.repositories} repositories.")
        if made.faults:
            raise CommandError("\n".join(made.faults))
