"""`manage.py importplan DIR --project SLUG`: make a project's phases and tasks from a directory of Markdown."""

import os
import stat
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.actor import SYSTEM
from coordination.errors import MusterError
from coordination.models import Project
from coordination.operations.plan_updates import preview_plan, update_plan
from coordination.operations.plans import import_plan
from coordination.plan_directory import read_plan
from coordination.queries.access import OPERATOR

MAX_FILE = 4 * 1024 * 1024  # bytes; the store's own limit is smaller and says so with the file's name


class Command(BaseCommand):
    help = "Make what a plan's directory describes, or bring a project up to date with it; docs/plans.md says how one is written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="the directory with plan.md in it")
        parser.add_argument("--project", default="", metavar="SLUG", help="the project; made if it is new (default: the plan's own slug)")

        how = parser.add_mutually_exclusive_group()
        how.add_argument("--update", action="store_true", help="make the project what the plan says, instead of adding to it")
        how.add_argument("--preview", action="store_true", help="only say what --update would do")

    def handle(self, *args: Any, **options: Any) -> None:
        files = read_directory(options["directory"])
        try:
            if options["update"] or options["preview"]:
                self._update(options["project"], files, is_preview=options["preview"])
            else:
                self._import(options["project"], files)
        except MusterError as refusal:
            mistakes = refusal.data.get("mistakes") or []
            lines = [": ".join(filter(None, [each["file"], each["field"], each["sentence"]])) for each in mistakes] or [refusal.sentence]
            raise CommandError("\n".join(["Nothing was imported.", *lines])) from refusal

    def _import(self, slug: str, files: dict[str, bytes]) -> None:
        made = import_plan(slug, files, actor=SYSTEM)
        verb = "Made" if made.is_new_project else "Added to"
        self.stdout.write(f"{verb} project {made.project.slug}: {len(made.phases)} phases, {len(made.tasks)} tasks.")
        for key, task in made.tasks.items():
            self.stdout.write(f"  #{task.pk} {key}: {task.title}")

    def _update(self, slug: str, files: dict[str, bytes], *, is_preview: bool) -> None:
        slug = slug or read_plan(files).slug
        project = Project.objects.filter(slug=slug).first()
        if project is None:
            raise CommandError(f"There is no project {slug!r} to update; name one with --project, or import the plan without --update.")
        diff = (preview_plan if is_preview else update_plan)(project, files, caller=OPERATOR)
        self.stdout.write("Nothing was changed; it would be:" if is_preview else f"Updated project {slug}:")
        for sentence in diff.sentences:
            self.stdout.write(f"  {sentence}")


def read_directory(directory: Path) -> dict[str, bytes]:
    """Return the regular files below a directory by their path there; hidden ones are not part of a plan."""
    if not directory.is_dir():
        raise CommandError(f"{directory} is no directory.")
    files: dict[str, bytes] = {}
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(folder, name)
            files[path.relative_to(directory).as_posix()] = _read(path)
    return files


def _read(path: Path) -> bytes:
    """Read a regular file; a link could lead out of the directory, and a pipe would never end."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise CommandError(f"{path} is no regular file; a plan has none of these.")
    if found.st_size > MAX_FILE:
        raise CommandError(f"{path} has {found.st_size:,} bytes; a plan's files may have {MAX_FILE:,}.")
    return path.read_bytes()
