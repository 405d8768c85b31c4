"""What can go wrong with a repository, each with a sentence for its reader.

RepoError
├── InvalidName        a file or branch name that is not allowed
├── LimitExceeded      too many or too large files
├── StaleBase          the edit started from a version that is no longer the current one
├── NothingToSave      a first version without any file
├── NoSuchVersion      no such commit in this repository
├── NoSuchFile         no such file in that version
├── RefusedPush        a push brings something that has no place in a task
├── RefMoved           a branch does not stand where the caller expected it
├── RepoLocked         another writer holds the repository
├── DamagedRepo        what is on disk cannot be trusted
│   └── MissingRepo    nothing is on disk
└── StoreUnavailable   the disk refuses
    └── StoreFull      the disk is full
"""

from __future__ import annotations


class RepoError(Exception):
    """Anything that a repository can refuse; `str(error)` is a sentence for people."""


class InvalidName(RepoError):
    """A file or branch name is not allowed; `name` is the offender as it came, `reason` says why."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The name {printable(name)} cannot be used: {reason}.")


class LimitExceeded(RepoError):
    """A limit would be passed; `limit` names it, `allowed` and `actual` are in bytes or files."""

    def __init__(self, limit: str, allowed: int, actual: int, sentence: str) -> None:
        self.limit = limit
        self.allowed = allowed
        self.actual = actual
        super().__init__(sentence)


class StaleBase(RepoError):
    """Someone saved a newer version since `base`; `head` is the current one (None: there is none yet)."""

    def __init__(self, base: str | None, head: str | None) -> None:
        self.base = base
        self.head = head
        super().__init__(
            f"The files changed while you edited them: you started from {short(base)} and the current version is {short(head)}. "
            "Look at the difference, carry your change over to the current version and save again."
        )


class NothingToSave(RepoError):
    """A first version needs at least one file."""

    def __init__(self) -> None:
        super().__init__("There is nothing to save: the first version needs at least one file. Add a file and save again.")


class NoSuchVersion(RepoError):
    """The repository holds no such commit."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(f"This task has no version {printable(version)}. Choose one from its history.")


class NoSuchFile(RepoError):
    """The version holds no such file."""

    def __init__(self, path: str, version: str) -> None:
        self.path = path
        self.version = version
        super().__init__(f"Version {short(version)} has no file {printable(path)}. Choose one from its list of files.")


class RefusedPush(RepoError):
    """A push brings something that has no place in a task's repository; the sentence says what."""


class RefMoved(RepoError):
    """A branch does not stand where the caller expected it; nothing was changed."""

    def __init__(self, ref: str, expected: str | None, found: str | None) -> None:
        self.ref = ref
        self.expected = expected
        self.found = found
        super().__init__(f"The branch {ref} was expected at {short(expected)} and stands at {short(found)}. Read the task again and retry.")


class RepoLocked(RepoError):
    """Another writer holds the repository; trying again helps."""

    def __init__(self, task_id: int, detail: str) -> None:
        self.task_id = task_id
        super().__init__(f"The repository of task {task_id} is busy: {detail}. Try again in a minute.")


class DamagedRepo(RepoError):
    """What is on disk cannot be trusted, so nothing is read from it or written to it."""

    def __init__(self, task_id: int, detail: str) -> None:
        self.task_id = task_id
        self.detail = detail
        super().__init__(f"The repository of task {task_id} is damaged: {detail}. Run `manage.py repocheck --repair`.")


class MissingRepo(DamagedRepo):
    """The repository of a task that has versions is not on disk."""

    def __init__(self, task_id: int) -> None:
        super().__init__(task_id, "it is not on disk")


class StoreUnavailable(RepoError):
    """The disk refuses; nothing was half-written."""

    def __init__(self, detail: str, advice: str = "Check the disk and the permissions of REPO_ROOT, then try again") -> None:
        self.detail = detail
        super().__init__(f"The repository store cannot be used: {detail}. {advice}.")


class StoreFull(StoreUnavailable):
    """The disk, or the quota on it, is full."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, "Free some space on the disk of REPO_ROOT, then try again")


def printable(text: str, longest: int = 80) -> str:
    """Return `text` quoted, escaped to ASCII and cut, so that a hostile name cannot disturb the page, log or terminal showing it."""
    return ascii(text if len(text) <= longest else text[:longest] + "...")


def short(sha: str | None) -> str:
    """Return the first ten digits of a commit, or `no version`."""
    return sha[:10] if sha else "no version"
