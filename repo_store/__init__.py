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
    RepoError,
    RepoLocked,
    StaleBase,
    StoreFull,
    StoreUnavailable,
)
from repo_store.limits import Limits
from repo_store.names import MAIN_REF, MAIN_ROOTS, Roots, attempt_ref, validate_path, validate_ref, validate_tree_names
from repo_store.records import Author, BlameLine, Diff, FileDiff, FileEntry, Finding, Hunk, Line, Page, Version
from repo_store.store import RepoStore

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
    "RefMoved",
    "RepoError",
    "RepoLocked",
    "RepoStore",
    "Roots",
    "StaleBase",
    "StoreFull",
    "StoreUnavailable",
    "Version",
    "attempt_ref",
    "validate_path",
    "validate_ref",
    "validate_tree_names",
]
