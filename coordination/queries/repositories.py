"""The store of task repositories, opened once a process, and its refusals in this project's words."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

import repo_store
from coordination.actor import Actor
from coordination.errors import Invalid, LimitExceeded, MusterError, NameRefused, NotFound, StaleVersion, StoreFull, Unavailable
from repo_store import Author, Limits, RepoStore

TRANSLATION: dict[type[repo_store.RepoError], type[MusterError]] = {
    repo_store.InvalidName: NameRefused,
    repo_store.LimitExceeded: LimitExceeded,
    repo_store.StaleBase: StaleVersion,
    repo_store.RefMoved: StaleVersion,
    repo_store.NothingToSave: Invalid,
    repo_store.RefusedPush: Invalid,
    repo_store.NoSuchVersion: NotFound,
    repo_store.NoSuchFile: NotFound,
    repo_store.StoreFull: StoreFull,
}


@functools.cache
def store() -> RepoStore:
    return RepoStore(settings.REPO_ROOT)


@functools.cache
def sources() -> RepoStore:
    """The copies of repositories that tasks may refer to, by the number of their row."""
    return RepoStore(settings.REPO_ROOT / "sources")


@functools.cache
def plan_store() -> RepoStore:
    """The plans of projects as directories, by the project's number."""
    return RepoStore(settings.REPO_ROOT / "plans", Limits(files=20_000, task_bytes=50_000_000))


def author_of(actor: Actor) -> Author:
    return Author(actor.name, actor.email)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the store refuses into the error that every door knows."""
    try:
        yield
    except repo_store.RepoError as error:
        kind = next((ours for theirs, ours in TRANSLATION.items() if isinstance(error, theirs)), Unavailable)
        raise kind(str(error)) from error
