"""Check that every vendored file is the one that was reviewed: its sha256 stands in the lock file beside it.

A line of vendor.lock is what `sha256sum` prints, and where the file came from: the sum, the path below the lock's
directory, the package, its version, its licence. A file without a line fails as a line without a file does.
"""

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / "webui" / "static" / "webui" / "vendor"
LOCK_NAME = "vendor.lock"


def locked_sums(lock: Path) -> dict[str, str]:
    """Return the sha256 of each vendored file, by its path below the lock's directory."""
    lines = (line.strip() for line in lock.read_text(encoding="utf-8").splitlines())
    columns = (line.split() for line in lines if line and not line.startswith("#"))
    return {name: digest for digest, name, *_ in columns}


def faults_in(directory: Path) -> list[str]:
    """Return a sentence for each file that is missing, unknown or changed; a missing directory has none."""
    if not directory.is_dir():
        return []
    lock = directory / LOCK_NAME
    locked = locked_sums(lock) if lock.exists() else {}
    files = {str(path.relative_to(directory)): path for path in directory.rglob("*") if path.is_file() and path != lock}
    faults = [f"{name} stands in {LOCK_NAME} and is not there." for name in sorted(locked.keys() - files.keys())]
    faults += [
        f"{name} is there and not in {LOCK_NAME}. Review it, then add what sha256sum prints."
        for name in sorted(files.keys() - locked.keys())
    ]
    for name in sorted(files.keys() & locked.keys()):
        if hashlib.sha256(files[name].read_bytes()).hexdigest() != locked[name]:
            faults.append(f"{name} is not the file that was reviewed: its sha256 differs from {LOCK_NAME}.")
    return faults


def main() -> int:
    faults = faults_in(DIRECTORY)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
