"""Check that the lock files fit what they are compiled from, that they are installed, and that nothing is known-bad.

The floors are the first versions without a hole that matters to a server which runs git for strangers.
"""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {"gitpython": "3.2.1", "django": "5.2.19"}
GIT_FLOOR = "2.39.5"
RECOMPILE = "Run: make requirements"


def requirements_in(path: Path) -> list[Requirement]:
    """Return the requirements that a person or the compiler wrote into a file, without comments and options."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def pins_in(path: Path) -> dict[str, Version]:
    """Return the version of each package in a lock file, by its name in lower case with dashes."""
    pins = {}
    for requirement in requirements_in(path):
        if requirement.marker is None or requirement.marker.evaluate():
            (specifier,) = requirement.specifier
            pins[normal(requirement.name)] = Version(specifier.version)
    return pins


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def faults_of_lock(source: Path, lock: Path) -> list[str]:
    """Return a sentence for each requirement that the lock file does not meet."""
    pins = pins_in(lock)
    faults = []
    for requirement in requirements_in(source):
        pin = pins.get(normal(requirement.name))
        if pin is None or not requirement.specifier.contains(pin):
            faults.append(
                f"{lock.name} has {pin or 'no version'} of {requirement.name}, and {source.name} asks for {requirement}. {RECOMPILE}"
            )
    return faults


def faults_of_floors(pins: dict[str, Version], floors: dict[str, str]) -> list[str]:
    """Return a sentence for each package below its floor or not pinned at all."""
    below = [(name, pins.get(name), floor) for name, floor in floors.items() if name not in pins or pins[name] < Version(floor)]
    return [f"{name} is pinned at {pin or 'nothing'}; versions before {floor} have known holes." for name, pin, floor in below]


def faults_of_installation(pins: dict[str, Version]) -> list[str]:
    """Return a sentence for each package whose installed version is not the pinned one."""
    faults = []
    for name, pin in pins.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "nothing"
        if installed != str(pin):
            faults.append(f"{name} {pin} is pinned, and {installed} is installed. Run: pip install -r requirements-dev.txt")
    return faults


def faults_of_git(answer: str) -> list[str]:
    """Return a sentence if `git --version` answered with a version below the floor."""
    found = re.search(r"\d+(\.\d+)+", answer)
    if found is None:
        return [f"git --version answered {answer!r}, which names no version."]
    if Version(found[0]) < Version(GIT_FLOOR):
        return [f"git is {found[0]}; versions before {GIT_FLOOR} have known holes. Install a newer one."]
    return []


def main() -> int:
    pins = pins_in(ROOT / "requirements-dev.txt")
    faults = [
        *faults_of_lock(ROOT / "requirements.in", ROOT / "requirements.txt"),
        *faults_of_lock(ROOT / "requirements-dev.in", ROOT / "requirements-dev.txt"),
        *faults_of_floors(pins_in(ROOT / "requirements.txt"), FLOORS),
        *faults_of_installation(pins),
        *faults_of_git(subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout),
    ]
    # One version of a package in both files: what is tested is what runs.
    for name, pin in pins_in(ROOT / "requirements.txt").items():
        if pins.get(name) != pin:
            faults.append(f"requirements.txt has {name} {pin}, and requirements-dev.txt has {pins.get(name)}. {RECOMPILE}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
