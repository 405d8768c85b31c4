"""Places in the history of a task, by names that people can type: `now`, `attempt:2`, `attempt:2:result`, or a commit."""

import re
from dataclasses import dataclass

from coordination.errors import NotFound
from coordination.models import Attempt, Task

NAME = re.compile(r"attempt:([1-9]\d{0,8})(:result)?")
COMMIT = re.compile(r"[0-9a-f]{40}")
NOW = "now"


@dataclass(frozen=True)
class Point:
    """A place: its name as it was asked for, the commit it stands for, and what to call it."""

    name: str
    commit: str
    title: str

    @property
    def moves(self) -> bool:
        """Return whether the name may stand for another commit tomorrow."""
        return not COMMIT.fullmatch(self.name)


def point(task: Task, name: str) -> Point:
    """Return the place of this name. Raises NotFound; that a commit exists is for whoever reads it to find."""
    if name == NOW:
        if not task.head:
            raise NotFound(f"#{task.pk} has no files yet.")
        return Point(NOW, task.head, "now")
    if COMMIT.fullmatch(name):
        return Point(name, name, f"version {name[:8]}")
    match = NAME.fullmatch(name)
    attempt = Attempt.objects.filter(task=task, number=int(match[1])).first() if match else None
    found = _of_attempt(attempt, result=bool(match and match[2])) if attempt else None
    if found is None:
        raise NotFound(f"#{task.pk} has no version {name!r}; name a commit, now, attempt:1 or attempt:1:result.")
    return found


def _of_attempt(attempt: Attempt, *, result: bool) -> Point | None:
    if result:
        commit, title = attempt.tip or attempt.sealed_commit, f"the result of attempt {attempt.number}"
        return Point(f"attempt:{attempt.number}:result", commit, title) if commit else None
    return Point(f"attempt:{attempt.number}", attempt.commit, f"what attempt {attempt.number} saw") if attempt.commit else None


def points(task: Task) -> list[Point]:
    """Return every place of a task that has a name, newest first."""
    found = [Point(NOW, task.head, "now")] if task.head else []
    for attempt in Attempt.objects.filter(task=task).order_by("-number").only("number", "commit", "tip", "sealed_commit")[:50]:
        found += [each for each in (_of_attempt(attempt, result=True), _of_attempt(attempt, result=False)) if each]
    return found
