"""The web server alone, as a process: `python -m tests.journeys.serve [--migrated]` migrates, unless that is done, and serves on PORT."""

import os
import sys
from pathlib import Path

THREADS = os.environ.get("BLOCKING_THREADS", "128")  # a page that was left keeps one for up to 15 s


def main() -> None:
    if "--migrated" not in sys.argv:
        from django.core.management import execute_from_command_line  # costs time that the others need not take

        execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])
    granian = str(Path(sys.executable).with_name("granian"))
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", os.environ["PORT"], "--workers", "1", "--blocking-threads", THREADS]
    os.execv(granian, [granian, *options, "--workers-kill-timeout", "2", "coordination.wsgi:application"])


if __name__ == "__main__":
    main()
