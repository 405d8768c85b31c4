"""Clients that clone one repository after another with the real git."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.fleet import Cycle


def worker(places: list[str]) -> Cycle:
    """Return the cycle of one client: clone the next of its repositories and throw the clone away."""
    scratch = Path(tempfile.mkdtemp(prefix="bench-clones-"))
    left = iter(places)

    def cycle() -> bool:
        place = next(left, None)
        if place is None:
            shutil.rmtree(scratch, ignore_errors=True)
            return False
        # --no-local: from the disk too, objects travel as a pack, so that only HTTP and Muster make the difference.
        subprocess.run(["git", "clone", "--quiet", "--bare", "--no-local", place, str(scratch / "clone")], check=True, capture_output=True)
        shutil.rmtree(scratch / "clone")
        return True

    return cycle
