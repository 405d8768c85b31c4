from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from coordination.errors import MusterError
from coordination.models import User
from coordination.operations.sample import make


class Command(BaseCommand):
    help = "Make a sample project with agents that have worked on it, to look around in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", default="tally", help="slug of the project (default: tally)")
        parser.add_argument("--as", dest="username", default="", help="who makes it (default: the first superuser)")

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.filter(username=options["username"]) if options["username"] else User.objects.filter(is_superuser=True)
        person = people.order_by("pk").first()
        if person is None:
            raise CommandError("There is no such person; make one with: manage.py createsuperuser")
        try:
            project = make(options["slug"], person.actor)
        except MusterError as error:
            raise CommandError(error.sentence) from error
        self.stdout.write(f"Made the project {project.slug}: {reverse('board', args=[project.slug])}")
