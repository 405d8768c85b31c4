from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.actor import SYSTEM
from coordination.models import ApiKey
from coordination.operations.keys import revoke_key
from worker.commands import refusals_told


class Command(BaseCommand):
    help = "Revoke an API key: no request that starts after this is let in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="the beginning of the key as `listkeys` shows it, mst_...")

    def handle(self, *args: Any, key: str, **options: Any) -> None:
        public_id = key.removeprefix("mst_").split("_")[0]
        row = ApiKey.objects.filter(public_id=public_id).first()
        if row is None:
            raise CommandError(f"There is no key mst_{public_id[:16]}; `manage.py listkeys` lists them.", returncode=4)
        with refusals_told():
            revoke_key(row, actor=SYSTEM)
        self.stdout.write(f"Revoked {row.name} (mst_{row.public_id}).")
