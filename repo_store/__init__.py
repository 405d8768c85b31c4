"""Git repositories of tasks: git and nothing else; frozen records out, plain arguments in."""

from repo_store.errors import (
    DamagedRepo,
    InvalidName,
    LimitExceeded,
    MissingRepo,
    NoSuchFile,
    NoSuchVersion,
    NothingToSave,
    RefMoved,
    RefusedPush,
    RepoError,
    RepoLocked,
    StaleBase,
    StoreFull,
    StoreUnavailable,
)
from repo_store.intake import Parcel, Pushed, Terms
from repo_store.limits import Limits
from repo_store.names import MAIN_REF, MAIN_ROOTS, Roots, attempt_ref, validate_path, validate_ref, validate_tree_names
from repo_store.records import Author, BlameLine, Diff, FileDiff, FileEntry, Finding, Hunk, Line, Page, Version
from repo_store.store import RepoStore
from repo_store.wire import Service

__all__ = [
    "MAIN_REF",
    "MAIN_ROOTS",
    "Author",
    "BlameLine",
    "DamagedRepo",
    "Diff",
    "FileDiff",
    "FileEntry",
    "Finding",
    "Hunk",
    "InvalidName",
    "LimitExceeded",
    "Limits",
    "Line",
    "MissingRepo",
    "NoSuchFile",
    "NoSuchVersion",
    "NothingToSave",
    "Page",
    "Parcel",
    "Pushed",
    "RefMoved",
    "RefusedPush",
    "RepoError",
    "RepoLocked",
    "RepoStore",
    "Roots",
    "Service",
    "StaleBase",
    "StoreFull",
    "StoreUnavailable",
    "Terms",
    "Version",
    "attempt_ref",
    "validate_path",
    "validate_ref",
    "validate_tree_names",
]
