"""A whole repository as one file, for backups."""

from __future__ import annotations

from pathlib import Path

from repo_store.disk import sync_tree
from repo_store.errors import DamagedRepo
from repo_store.gitchild import run_git

COPIED = "refs/muster/copied/"


def bundle(task_id: int, path: Path, target: Path) -> bool:
    """Write every branch of a repository to `target`; return False, and write nothing, if there is none."""
    if not run_git(path, "for-each-ref", "--count=1").stdout.strip():
        return False
    done = run_git(path, "bundle", "create", "--quiet", str(target), "--all", timeout=600)
    if done.returncode != 0:
        raise DamagedRepo(task_id, f"git bundle says: {done.stdout.strip()[:300]}")
    return True


def copy(task_id: int, path: Path, source: Path) -> str:
    """Bring a bare copy up to date with a repository or bundle on this machine; return the commit of its HEAD."""
    allowed = ("-c", "protocol.allow=never", "-c", "protocol.file.allow=always", "-c", "transfer.fsckObjects=false")
    fetch = (*allowed, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--end-of-options", str(source))
    done = run_git(path, *fetch, "+HEAD:refs/heads/main", f"+refs/heads/*:{COPIED}*", timeout=600)
    if done.returncode != 0:
        raise DamagedRepo(task_id, f"git fetch says: {done.stdout.strip()[:300]}")
    sync_tree(path / "objects")
    return run_git(path, "rev-parse", "--verify", "refs/heads/main").stdout.strip()


def unbundle(task_id: int, path: Path, source: Path) -> None:
    """Put the objects of a bundle into an empty repository, durable; its branches are the caller's to set."""
    done = run_git(path, "bundle", "unbundle", str(source), timeout=600)
    if done.returncode != 0:
        raise DamagedRepo(task_id, f"git bundle says: {done.stdout.strip()[:300]}")
    sync_tree(path / "objects")
