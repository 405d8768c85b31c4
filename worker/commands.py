"""What the commands share: refusals become a sentence and an exit code instead of a traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.errors import MusterError


@contextmanager
def refusals_told() -> Iterator[None]:
    """End the command with the refusal's sentence and its exit code."""
    try:
        yield
    except MusterError as error:
        raise CommandError(error.sentence, returncode=error.exit_code) from None


class JobCommand(BaseCommand):
    """A job of the timetable, run by hand: prints what it did."""

    job: Callable[[], str]

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals_told():
            self.stdout.write(self.job())
