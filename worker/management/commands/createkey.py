from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from coordination.actor import SYSTEM
from coordination.models import Agent, Project, Scope, User
from coordination.operations.keys import create_key
from worker.commands import refusals_told
from worker.profiles import ProfileError, write_profile


class Command(BaseCommand):
    help = "Make an API key and print it, once. Without --project it opens every project, without --agent it serves any agent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="what people will know it by")
        parser.add_argument("--scope", choices=Scope.values, default=Scope.AGENT)
        parser.add_argument("--agent", help="the one registered agent that it acts as")
        parser.add_argument("--user", metavar="NAME", help="the person whose key it is; scope admin needs one")
        parser.add_argument("--project", action="append", metavar="SLUG", help="a project that it opens; may be repeated")
        parser.add_argument("--days", type=int, help="how many days it is good for (default: for ever)")
        parser.add_argument("--save", action="store_true", help="also write it to tqc's configuration of this user")

    def handle(self, *args: Any, name: str, scope: str, agent: str | None, project: list[str] | None, **options: Any) -> None:
        days = options["days"]
        with refusals_told():
            _, key = create_key(
                name=name,
                scope=scope,
                actor=SYSTEM,
                agent=_agent(agent) if agent else None,
                user=_user(options["user"]) if options["user"] else None,
                projects=[_project(slug) for slug in project] if project else None,
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        if options["save"]:
            try:
                self.stderr.write(f"Saved in {write_profile(settings.PUBLIC_URL, key)}")
            except ProfileError as error:
                self.stderr.write(str(error))
        self.stdout.write(key)


def _agent(name: str) -> Agent:
    if (agent := Agent.objects.filter(name=name).first()) is None:
        raise CommandError(f"There is no agent {name!r}; it registers itself with a key that belongs to no agent.", returncode=4)
    return agent


def _user(name: str) -> User:
    if (user := User.objects.filter(username=name).first()) is None:
        raise CommandError(f"There is no user {name!r}.", returncode=4)
    return user


def _project(slug: str) -> Project:
    if (project := Project.objects.filter(slug=slug).first()) is None:
        raise CommandError(f"There is no project {slug!r}.", returncode=4)
    return project
