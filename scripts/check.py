"""`make check`: every check that needs no server. All of them run, and the failures are listed at the end.

Usage: python -m scripts.check [NAME ...]   (no name: all of them)
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
ROOMS = ("coordination", "webui", "worker", "repo_store", "cli", "scripts")


def steps() -> dict[str, list[str]]:
    """Return each check's name and command, cheapest first."""
    rooms = [room for room in ROOMS if any((ROOT / room).rglob("*.py"))]
    manage = [sys.executable, "manage.py"]
    templates = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "webui").rglob("templates/**/*.html"))
    found = {
        "ruff-check": [str(BIN / "ruff"), "check", "."],
        "ruff-format": [str(BIN / "ruff"), "format", "--check", "."],
        "pins": [sys.executable, "-m", "scripts.check_pins"],
        "vendored": [sys.executable, "-m", "scripts.check_vendor"],
        "docs": [sys.executable, "-m", "scripts.check_docs"],
        "lifecycle": [sys.executable, "-m", "scripts.lifecycle_doc", "--check"],
        "templates": [sys.executable, "-m", "scripts.check_templates"],
        "html": [str(BIN / "djangofmt"), "check", "--output-format", "concise", "--ignore", "category:style", *templates],
        "imports": [str(BIN / "lint-imports"), "--no-cache"],
        "django": [*manage, "check", "--fail-level", "WARNING"],
        "migrations": [*manage, "makemigrations", "--check", "--dry-run"],
        "types": [str(BIN / "mypy"), *rooms],
    }
    if not templates:
        del found["html"]
    return found


def run(name: str, command: list[str], environment: dict[str, str]) -> bool:
    """Run one check, show what it printed if it failed, and return whether it passed."""
    print(f"{name:12} ", end="", flush=True)
    began = time.monotonic()
    answer = subprocess.run(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    passed = answer.returncode == 0
    print(f"{'ok' if passed else 'FAILED':6} {time.monotonic() - began:5.1f} s", flush=True)
    if not passed:
        print(answer.stdout, flush=True)
    return passed


def main(names: list[str]) -> int:
    known = steps()
    if unknown := [name for name in names if name not in known]:
        print(f"There is no check named {', '.join(unknown)}. These are: {', '.join(known)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="muster-check-") as home:
        # Importing the settings makes MUSTER_HOME; a check must not touch a developer's.
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "REPO_ROOT"}}
        environment = kept | {"MUSTER_HOME": home, "DJANGO_SETTINGS_MODULE": "coordination.settings", "PYTHONPATH": str(ROOT / "cli")}
        failed = [name for name in names or known if not run(name, known[name], environment)]
    if failed:
        print(f"{len(failed)} of {len(names or known)} checks failed: {', '.join(failed)}")
        print(f"Run them again alone with: make check ARGS='{' '.join(failed)}'")
        return 1
    print(f"All {len(names or known)} checks passed.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
