"""Where a task's repository lies, what a healthy one looks like, and how one is made."""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import git

from repo_store.disk import make_directories, sync_directory, sync_tree
from repo_store.errors import DamagedRepo, InvalidName, MissingRepo
from repo_store.gitchild import child_environment

CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = false
\thooksPath = /dev/null
\tfsync = committed,loose-object,reference
[gc]
\tauto = 0
\tpruneExpire = 14.days.ago
[receive]
\tautogc = false
\tdenyDeletes = true
\tdenyNonFastForwards = true
\tfsckObjects = true
\tunpackLimit = 1
[repack]
	updateServerInfo = false
[transfer]
\thideRefs = refs/muster
[http]
\tgetanyfile = false
"""
HEAD = "ref: refs/heads/main\n"
ID_FILE = "muster-id"
FOLDERS = ("objects/info", "objects/pack", "refs/heads", "refs/tags")

LARGEST_ID = 2**63 - 1
# Each of these makes git read something that we did not put there.
FOREIGN = (
    "hooks",
    "branches",
    "commondir",
    "config.worktree",
    "gitdir",
    "info/attributes",
    "info/grafts",
    "modules",
    "objects/info/alternates",
    "objects/info/http-alternates",
    "refs/replace",
    "remotes",
    "shallow",
    "worktrees",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one root; every one is built from an integer alone."""

    root: Path

    def repository(self, task_id: int) -> Path:
        """Return the path of a task's repository, two levels below the root."""
        return self._shard(task_id) / f"{task_id}.git"

    def lock(self, task_id: int) -> Path:
        """Return the path of a task's lock; it lies beside the repository so that it outlives a rebuild."""
        return self._shard(task_id) / f"{task_id}.lock"

    def quarantine(self) -> Path:
        """Return the folder for what was set aside; nothing in it is ever read again by the store."""
        return self.root / "quarantine"

    def workshop(self) -> Path:
        """Return the folder in which new repositories are made before they get their place."""
        return self.root / "tmp"

    def make_shard(self, task_id: int) -> None:
        """Create the two folders above a repository; raise DamagedRepo if one of them leads elsewhere."""
        shard = self._shard(task_id)
        for folder in (shard.parent, shard):
            if folder.is_symlink():
                raise DamagedRepo(task_id, f"the folder {folder.name} above it is a link; put a real folder in its place")
        self.root.mkdir(parents=True, exist_ok=True)
        make_directories(shard, self.root)

    def task_ids(self) -> Iterator[int]:
        """Yield the id of every repository that lies where its id says, in no particular order."""
        for path in self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*.git"):
            if path.stem.isdecimal() and path == self.repository(int(path.stem)):
                yield int(path.stem)

    def _shard(self, task_id: int) -> Path:
        if isinstance(task_id, bool) or not isinstance(task_id, int) or not 0 < task_id <= LARGEST_ID:
            raise InvalidName(str(task_id)[:40], "a task is named by a positive whole number")
        # The low bytes first: consecutive ids spread over all folders.
        return self.root / f"{task_id & 0xFF:02x}" / f"{task_id >> 8 & 0xFF:02x}"

    def remove(self, task_id: int) -> None:
        """Take a repository away from its place at once, and then its files; a crash in between leaves no half of one."""
        doomed = self.workshop() / f"removed-{uuid.uuid4().hex}"
        doomed.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.repository(task_id).rename(doomed)
        except FileNotFoundError:
            return
        sync_directory(self.repository(task_id).parent)
        shutil.rmtree(doomed)

    def verified(self, task_id: int) -> Path:
        """Return the path of a repository after a look at what could lead elsewhere, or raise MissingRepo or DamagedRepo."""
        path = self.repository(task_id)
        for folder in (path.parent.parent, path.parent, path):
            try:
                mode = folder.lstat().st_mode
            except FileNotFoundError:
                raise MissingRepo(task_id) from None
            if not stat.S_ISDIR(mode):
                raise DamagedRepo(task_id, f"{folder.name} is not a real folder")
        if read_text(path / ID_FILE) != f"{task_id}\n":
            raise DamagedRepo(task_id, f"its {ID_FILE} file names another task or is missing")
        if read_text(path / "config") != CONFIG:
            raise DamagedRepo(task_id, "its config is not the one Muster wrote")
        for name in FOREIGN:
            if os.path.lexists(path / name):
                raise DamagedRepo(task_id, f"it contains {name}, which Muster does not put there")
        return path

    def create(self, task_id: int) -> Path:
        """Make an empty repository, durable and in its place in one step, and return its path."""
        path = self.repository(task_id)
        self.make_shard(task_id)
        make_directories(self.workshop(), self.root)
        draft = self.workshop() / f"{task_id}-{uuid.uuid4().hex}.git"
        try:
            _make_bare(draft, task_id)
            os.rename(draft, path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_directory(path.parent)
        return path


def read_text(path: Path) -> str | None:
    """Return a small text file, or None if it is missing, a symlink or not text."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink() or path.is_dir():
            return None
        raise error
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(65536).decode()
        except (UnicodeDecodeError, IsADirectoryError):
            return None


def _make_bare(path: Path, task_id: int) -> None:
    path.mkdir()
    try:
        # `Repo.init` would open the result, and opening obeys the GIT_* variables of the server.
        git.Git(path).init(bare=True, initial_branch="main", object_format="sha1", env=child_environment(path))
    except git.GitCommandError as error:
        raise OSError(str(error.stderr)) from error
    for folder in FOLDERS:
        (path / folder).mkdir(parents=True, exist_ok=True)
    for name in FOREIGN:
        if (path / name).is_dir():
            shutil.rmtree(path / name)
    shutil.rmtree(path / "info", ignore_errors=True)
    (path / "description").unlink(missing_ok=True)
    (path / "HEAD").write_text(HEAD)
    (path / "config").write_text(CONFIG)
    (path / ID_FILE).write_text(f"{task_id}\n")
    sync_tree(path)
