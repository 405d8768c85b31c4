"""Which names a file or a branch may have: one answer for the API, the editor and a push.

A clone lands on Linux, macOS and Windows, where case, Unicode forms, trailing dots and device names mean different
things; a name is allowed only if it means the same file on all of them and cannot pass for another name or for git's own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from repo_store.errors import InvalidName

MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 1024
MAX_DEPTH = 10
MAX_COMBINING_RUN = 3

MAIN_REF = "refs/heads/main"
ATTEMPT_PREFIX = "refs/heads/attempts/"


@dataclass(frozen=True, slots=True)
class Roots:
    """What may stand at the top of a tree: these files, and anything inside these folders."""

    files: frozenset[str]
    folders: frozenset[str]


MAIN_ROOTS = Roots(files=frozenset({"instructions.md"}), folders=frozenset({"context"}))

_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")
_SHORT_NAME = re.compile(r"~[0-9]")
_WINDOWS_PUNCTUATION = frozenset('<>:"|?*')
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"],
)
# Cn stays refused because a later Unicode may fold or hide such a code point.
_BAD_CATEGORIES = {
    "Cc": "a control character",
    "Cf": "an invisible or direction-changing character",
    "Cs": "half of a character (a lone surrogate)",
    "Co": "a private-use character",
    "Cn": "an unassigned character",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
# Letters and marks that draw nothing; their category does not say so.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\u2800")
_ATTEMPT = re.compile(r"refs/heads/attempts/([1-9][0-9]{0,8})")


def validate_path(path: str, roots: Roots | None = MAIN_ROOTS) -> str:
    """Return the normal form (NFC) of a file's path, or raise InvalidName with the reason.

    `roots` says what may stand at the top; None allows any name there.
    """
    if not path:
        raise InvalidName(path, "it is empty")
    if len(path) > MAX_PATH_BYTES:
        raise InvalidName(path, f"it is longer than {MAX_PATH_BYTES} bytes")
    _check_characters(path)
    normal = unicodedata.normalize("NFC", path)
    if len(normal.encode()) > MAX_PATH_BYTES:
        raise InvalidName(path, f"it is longer than {MAX_PATH_BYTES} bytes")
    if normal.startswith("/"):
        raise InvalidName(path, "it must not start with a slash")
    components = normal.split("/")
    if len(components) > MAX_DEPTH:
        raise InvalidName(path, f"it is nested more than {MAX_DEPTH} folders deep")
    for component in components:
        _check_component(path, component)
    if roots is not None:
        _check_root(path, components, roots)
    return normal


def validate_tree_names(paths: Iterable[str]) -> None:
    """Raise InvalidName if two of these paths would be one file on some machine, or one is a file and a folder at once."""
    seen: dict[str, tuple[str, bool]] = {}
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            name, is_file = "/".join(parts[:depth]), depth == len(parts)
            other, other_is_file = seen.setdefault(fold(name), (name, is_file))
            if other != name:
                raise InvalidName(path, f"it differs from {other!a} only in case or in the spelling of its letters")
            if other_is_file != is_file:
                raise InvalidName(path, f"{name!a} would be a file and a folder at once")


def validate_ref(ref: str) -> str:
    """Return `ref` if it is `refs/heads/main` or `refs/heads/attempts/<n>`, or raise InvalidName."""
    if ref == MAIN_REF or _ATTEMPT.fullmatch(ref):
        return ref
    raise InvalidName(ref, "the only branches are main and attempts/<number>")


def attempt_ref(number: int) -> str:
    """Return the branch of attempt `number`, or raise InvalidName."""
    return validate_ref(f"{ATTEMPT_PREFIX}{number}")


def fold(path: str) -> str:
    """Return the form in which two paths that some file system takes for one are equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def _check_characters(path: str) -> None:
    combining = 0
    for char in path:
        category = unicodedata.category(char)
        if category in _BAD_CATEGORIES:
            raise InvalidName(path, f"it contains {_BAD_CATEGORIES[category]} (U+{ord(char):04X})")
        if char in _INVISIBLE or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
            raise InvalidName(path, f"it contains an invisible character (U+{ord(char):04X})")
        if category == "Zs" and char != " ":
            raise InvalidName(path, f"it contains a space that is not the ordinary one (U+{ord(char):04X})")
        combining = combining + 1 if category in ("Mn", "Me") else 0
        if combining > MAX_COMBINING_RUN:
            raise InvalidName(path, f"it piles more than {MAX_COMBINING_RUN} accents on one letter")
    if "\\" in path:
        raise InvalidName(path, "it contains a backslash; folders are separated by /")
    if _ENCODED.search(path):
        raise InvalidName(path, "it contains a percent-encoded character; write the character itself")
    if found := _WINDOWS_PUNCTUATION & set(path):
        raise InvalidName(path, f"it contains {min(found)}, which not every machine can store")


def _check_component(path: str, component: str) -> None:
    if not component:
        raise InvalidName(path, "it has an empty part; remove the doubled or trailing slash")
    if len(component.encode()) > MAX_COMPONENT_BYTES:
        raise InvalidName(path, f"one of its parts is longer than {MAX_COMPONENT_BYTES} bytes")
    plain = unicodedata.normalize("NFKC", component).casefold()
    if plain.strip(". ") == "":
        raise InvalidName(path, "a part of dots alone leads out of the task")
    if any(separator in plain for separator in "/\\:"):
        raise InvalidName(path, "it contains a character that some machines take for a separator")
    if component[0] == " " or component[-1] in " .":
        raise InvalidName(path, "no part may start with a space or end with a space or a dot")
    if component[0] in "-~":
        raise InvalidName(path, f"no part may start with {component[0]}")
    if plain.startswith(".git"):
        raise InvalidName(path, "names that start with .git belong to git")
    if _SHORT_NAME.search(plain):
        raise InvalidName(path, "a tilde and a digit make a short name that Windows takes for another file")
    if plain.split(".")[0].rstrip() in _DEVICES or component.split(".")[0].rstrip().casefold() in _DEVICES:
        raise InvalidName(path, "Windows keeps that name for a device")


def _check_root(path: str, components: list[str], roots: Roots) -> None:
    top, inside = components[0], len(components) > 1
    if (top in roots.folders) if inside else (top in roots.files):
        return
    folders = " or ".join(f"{folder}/" for folder in sorted(roots.folders))
    raise InvalidName(path, f"it must be {' or '.join(sorted(roots.files))} or a file inside {folders}")
