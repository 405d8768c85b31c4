"""`manage.py verify TASK`: compare a task's repository with the database, attempt by attempt."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.models import Task
from coordination.operations.seals import seal_missed
from coordination.queries.verification import verify
from worker.commands import refusals_told


class Command(BaseCommand):
    help = "Say which agent did what at a task, from which instructions, and whether the repository and the database agree."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task", type=int)

    def handle(self, *args: Any, task: int, **options: Any) -> None:
        with refusals_told():
            found = Task.objects.filter(pk=task).first()
            if found is None:
                raise CommandError(f"There is no task #{task}.")
            seal_missed(task)
            verified = verify(found)
        for line in verified.told:
            self.stdout.write(line)
        if verified.faults:
            raise CommandError("\n".join(verified.faults))
        self.stdout.write("Repository and database agree.")
