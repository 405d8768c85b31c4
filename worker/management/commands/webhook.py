from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.actor import SYSTEM
from coordination.models import Project, Webhook
from coordination.operations.webhooks import create_webhook, delete_webhook, edit_webhook
from worker.commands import refusals_told


class Command(BaseCommand):
    help = "Webhooks: add one and print its signing secret once, list them, switch one on or off, delete one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add")
        add.add_argument("url")
        add.add_argument("--project", metavar="SLUG", help="this project's events alone")
        add.add_argument("--kind", action="append", default=[], help="such as task.done or task.*; may be repeated; none means all")
        verbs.add_parser("list")
        for verb in ("on", "off", "delete"):
            verbs.add_parser(verb).add_argument("id", type=int)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        with refusals_told():
            if verb == "add":
                self._add(options["url"], options["project"], options["kind"])
            elif verb == "list":
                self._list()
            elif verb == "delete":
                delete_webhook(_webhook(options["id"]), actor=SYSTEM)
            else:
                edit_webhook(_webhook(options["id"]), {"enabled": verb == "on"}, actor=SYSTEM)

    def _add(self, url: str, slug: str | None, kinds: list[str]) -> None:
        project = Project.objects.filter(slug=slug).first() if slug else None
        if slug and project is None:
            raise CommandError(f"There is no project {slug!r}.", returncode=4)
        hook, secret = create_webhook(url=url, actor=SYSTEM, project=project, kinds=kinds)
        self.stdout.write(f"Webhook {hook.pk} signs with {secret}")

    def _list(self) -> None:
        for hook in Webhook.objects.select_related("project"):
            state = "on" if hook.enabled else f"off: {hook.disabled_reason or 'switched off'}"
            trouble = f"{hook.failures} failures, the last: {hook.last_error}" if hook.failures else ""
            words = [str(hook.pk), hook.url, hook.project.slug if hook.project else "every project", " ".join(hook.kinds), state, trouble]
            self.stdout.write("  ".join(word for word in words if word))


def _webhook(number: int) -> Webhook:
    if (hook := Webhook.objects.filter(pk=number).first()) is None:
        raise CommandError(f"There is no webhook {number}; `manage.py webhook list` lists them.", returncode=4)
    return hook
