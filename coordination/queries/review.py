"""What a reviewer of an agent's work looks at: what it brought, what it was told, and the remarks that go back with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from coordination.errors import MusterError
from coordination.lifecycle import State
from coordination.models import Attempt, LineComment, Task
from coordination.queries.remarks import open_remarks
from coordination.queries.repositories import store, translated
from coordination.queries.sealing import RECORD
from repo_store import FileCount

MOST_LISTED = 30


@dataclass(frozen=True)
class Changed:
    """The files that differ between two places; `listed` are the first of them."""

    files: Sequence[FileCount] = ()

    @property
    def listed(self) -> Sequence[FileCount]:
        return self.files[:MOST_LISTED]

    @property
    def more(self) -> int:
        return max(0, len(self.files) - MOST_LISTED)

    @property
    def additions(self) -> int:
        return sum(each.additions or 0 for each in self.files)

    @property
    def deletions(self) -> int:
        return sum(each.deletions or 0 for each in self.files)


@dataclass(frozen=True)
class ReviewAsked:
    """`work` is what the agent pushed, `since` what has changed in the instructions since it read them."""

    attempt: Attempt
    work: Changed
    has_branch: bool
    since: Changed
    remarks: list[LineComment] = field(default_factory=list)


def review_asked(task: Task, attempt: Attempt | None) -> ReviewAsked | None:
    """Return what there is to review of the task's newest attempt, None when nobody is asked to."""
    if task.state != State.REVIEW or attempt is None:
        return None
    work = [each for each in _counts(task, attempt.commit, attempt.tip) if each.path not in RECORD]
    since = _counts(task, attempt.commit, task.head) if attempt.commit else []
    return ReviewAsked(attempt, Changed(work), bool(attempt.tip), Changed(since), open_remarks(task))


def _counts(task: Task, old: str, new: str) -> Sequence[FileCount]:
    if not new or old == new:
        return ()
    try:
        with translated():
            return store().counts(task.pk, old or None, new)
    except MusterError:
        return ()
