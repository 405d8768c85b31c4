from typing import Any

from django.core.management.base import BaseCommand

from webui.static_files import gather


class Command(BaseCommand):
    help = "Write scripts, styles and icons to STATIC_ROOT under hashed names, compressed. `manage.py up` does it by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        count = gather()
        self.stdout.write(f"Gathered {count} files." if count else "Everything was gathered already.")
