#!/usr/bin/env python3
"""Prove from a clone of a task alone which agent did what, from which instructions, with which result.

    git clone --mirror http://HOST/git/tasks/42.git && python3 verify_task.py 42.git

Needs git and Python's own library, and asks no server. For each attempt it checks that git's objects are whole, that the
sealing commit is Muster's and stands where the attempt ended, that the branch grew from the commit which was handed out,
that this commit is a version of `main`, and that every sealed file is the one whose digest the result names.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MUSTER = "Muster <muster@localhost>"
BRANCH = re.compile(r"refs/(?:heads|remotes/origin)/attempts/([1-9][0-9]{0,8})")
MAINS = ("refs/remotes/origin/main", "refs/heads/main")
LATE = re.compile(r"late-([1-9][0-9]*)\.json")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass
class Attempt:
    """What a clone says about one attempt, and what is wrong with it."""

    number: int
    task: int = 0
    agent: str = ""
    fence: int = 0
    outcome: str = ""
    result: str = ""
    instructions: str = ""
    pushed: list[str] = field(default_factory=list)
    sealed: str = ""
    late: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        if not self.sealed:
            return f"attempt {self.number}: not sealed: {'; '.join(self.faults)}"
        told = f"instructions {self.instructions[:10]}" if self.instructions else "no files"
        late = f", {self.late} late results" if self.late else ""
        what = f"attempt {self.number}: {self.agent} (fence {self.fence}) worked from {told}, pushed {len(self.pushed)} commits{late}"
        return f"{what}, ended {self.outcome}: {self.result[:200]!r}"


class Clone:
    """The clone under test, asked through git only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str) -> str:
        return self.raw(*arguments).decode("utf-8", "replace").strip()

    def raw(self, *arguments: str) -> bytes:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
        command = ["git", "-c", "safe.directory=*", *arguments]
        return subprocess.run(command, cwd=self.path, env=environment, capture_output=True, check=True).stdout

    def succeeds(self, *arguments: str) -> bool:
        try:
            self.raw(*arguments)
        except subprocess.CalledProcessError:
            return False
        return True

    def branches(self) -> dict[int, str]:
        """Return where each attempt's branch stands; a mirror has heads, another clone has those of its origin."""
        found: dict[int, str] = {}
        for line in self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines():
            name, _, sha = line.partition(" ")
            # Sorted by name: what came from the origin overrules a branch of the clone's own.
            if match := BRANCH.fullmatch(name):
                found[int(match[1])] = sha
        return found

    def main(self) -> str:
        return next((self.git("rev-parse", ref) for ref in MAINS if self.succeeds("rev-parse", "--verify", "-q", ref)), "")


def verified(path: Path) -> tuple[list[Attempt], list[str]]:
    """Return what the clone proves about each attempt, and what is wrong with the clone itself."""
    clone = Clone(path)
    if not clone.succeeds("rev-parse", "--git-dir"):
        return [], [f"{path} is no clone."]
    faults = [] if clone.succeeds("fsck", "--full", "--strict", "--no-dangling") else ["git fsck finds damaged objects."]
    return [_attempt(clone, number, tip) for number, tip in sorted(clone.branches().items())], faults


def _attempt(clone: Clone, number: int, tip: str) -> Attempt:
    attempt = Attempt(number)
    line = clone.git("rev-list", "--first-parent", tip).splitlines()
    seals = []
    for sha in line:
        if clone.git("show", "-s", "--format=%cn <%ce>", sha) != MUSTER or not _trailers(clone, sha):
            break
        seals.append(sha)
    if not seals:
        attempt.faults.append("its branch does not end with a commit that Muster sealed")
        return attempt
    attempt.sealed, attempt.late = seals[-1], len(seals) - 1
    told = _result(clone, attempt)
    if told:
        _compare(clone, attempt, told, line[len(seals) :])
        for number_of_late, sha in enumerate(reversed(seals[:-1]), start=1):
            _check_late(clone, attempt, sha, number_of_late)
    return attempt


def _result(clone: Clone, attempt: Attempt) -> dict[str, Any]:
    try:
        told = json.loads(clone.raw("show", f"{attempt.sealed}:result.json"))
    except (subprocess.CalledProcessError, ValueError):
        attempt.faults.append("its seal holds no readable result.json")
        return {}
    return told if isinstance(told, dict) else {}


def _compare(clone: Clone, attempt: Attempt, told: dict[str, Any], before: list[str]) -> None:
    attempt.task, attempt.agent, attempt.fence = told.get("task_id", 0), told.get("agent", ""), told.get("fence", 0)
    attempt.outcome, attempt.instructions = told.get("outcome", ""), told.get("instruction_commit", "")
    attempt.result = told.get("output") or told.get("error") or ""
    said = _trailers(clone, attempt.sealed)
    expected = {
        "Muster-Task": str(attempt.task),
        "Muster-Attempt": str(attempt.number),
        "Muster-Agent": attempt.agent,
        "Muster-Fence": str(attempt.fence),
        "Muster-Instructions": attempt.instructions or "none",
        "Muster-Outcome": attempt.outcome,
    }
    attempt.faults += [
        f"its message says {said.get(name)!r} for {name}, its result {value!r}"
        for name, value in expected.items()
        if said.get(name) != value
    ]
    if told.get("attempt") != attempt.number:
        attempt.faults.append(f"its result is that of attempt {told.get('attempt')}")
    if clone.git("show", "-s", "--format=%an", attempt.sealed) != attempt.agent:
        attempt.faults.append(f"its seal is not signed with the name of {attempt.agent}")
    _check_roots(clone, attempt, before)
    if (pushed := told.get("pushed_commit") or "") != (before[0] if attempt.pushed else ""):
        attempt.faults.append(f"its result says that {pushed[:10] or 'nothing'} was pushed last")
    _check_digests(clone, attempt, attempt.sealed, told)


def _check_roots(clone: Clone, attempt: Attempt, before: list[str]) -> None:
    """The branch must begin at the commit that was handed out, and that commit must be a version of main."""
    start = attempt.instructions
    if not start:
        attempt.pushed = before
        return
    if start not in before:
        attempt.faults.append(f"its branch did not grow from {start[:10]}, which was handed out")
        return
    attempt.pushed = before[: before.index(start)]
    main = clone.main()
    if not main or not clone.succeeds("merge-base", "--is-ancestor", start, main):
        attempt.faults.append(f"{start[:10]}, which was handed out, is no version of main")


def _check_digests(clone: Clone, attempt: Attempt, sha: str, told: dict[str, Any]) -> None:
    digests = told.get("files") or {}
    parents = clone.git("show", "-s", "--format=%P", sha).split()
    changed = clone.git("diff", "--name-only", "--no-renames", parents[0] if parents else EMPTY_TREE, sha).splitlines()
    for name in changed:
        if name not in digests and name != "result.json" and not LATE.fullmatch(name):
            attempt.faults.append(f"{name} was sealed and is not named by the result")
    for name, digest in digests.items():
        try:
            content = clone.raw("show", f"{sha}:{name}")
        except subprocess.CalledProcessError:
            attempt.faults.append(f"{name}, which the result names, is missing")
            continue
        if hashlib.sha256(content).hexdigest() != digest:
            attempt.faults.append(f"{name} is not the file that the result names")


def _check_late(clone: Clone, attempt: Attempt, sha: str, number: int) -> None:
    try:
        told = json.loads(clone.raw("show", f"{sha}:late-{number}.json"))
    except (subprocess.CalledProcessError, ValueError):
        attempt.faults.append(f"its late result {number} cannot be read")
        return
    if (told.get("attempt"), told.get("agent"), told.get("fence")) != (attempt.number, attempt.agent, attempt.fence):
        attempt.faults.append(f"its late result {number} is another attempt's")
    _check_digests(clone, attempt, sha, told)


def _trailers(clone: Clone, sha: str) -> dict[str, str]:
    lines = clone.git("show", "-s", "--format=%(trailers:only,unfold)", sha).splitlines()
    return {name: value for name, _, value in (line.partition(": ") for line in lines) if name.startswith("Muster-")}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("Say which clone: verify_task.py DIRECTORY", file=sys.stderr)
        return 2
    attempts, faults = verified(Path(arguments[0]))
    for attempt in attempts:
        print(attempt.sentence)
        faults += [f"attempt {attempt.number}: {fault}" for fault in attempt.faults]
    for fault in faults:
        print(f"FALSE: {fault}", file=sys.stderr)
    if not faults:
        print(f"{len(attempts)} attempts, all as they say.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
