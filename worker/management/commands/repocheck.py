import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from coordination.operations.repocheck import check_everything
from worker.commands import refusals_told


class Command(BaseCommand):
    help = "Compare every repository and every row with what must be true. Exit code 1: something is wrong and was not repaired."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="mend what can be mended and set the rest aside; nothing is deleted")

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        with refusals_told():
            report = check_everything(repair=repair)
        for fault in report.faults:
            self.stdout.write(str(fault))
        self.stdout.write(report.sentence)
        if report.left:
            if not repair:
                self.stdout.write("Run `manage.py repocheck --repair` to mend what can be mended.")
            sys.exit(1)
