"""Names, mails, messages and dates as a commit may carry them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

import pygit2

from repo_store.records import Author

COMMITTER = Author(name="Muster", email="muster@localhost")
OWN_DOMAIN = "@muster.invalid"  # of the mail that this server gives to whoever writes through it

_TOLD: ContextVar[datetime | None] = ContextVar("told", default=None)
_LONGEST_NAME = 200
_LONGEST_MESSAGE = 10_000
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_SPACE = re.compile(r"\s+")
# git drops these from the ends of a name; doing it first keeps what we return equal to what git shows.
_CRUD = " .,:;<>\"'\\"
# Signatures hold seconds as text; git itself refuses dates after the year 2099.
_LAST_SECOND = 4_102_444_799


def sanitized(author: Author) -> Author:
    """Return an author that cannot break out of its line in a commit or pass for something invisible."""
    name = _one_line(author.name) or "unknown"
    email = _one_line(author.email).replace(" ", "") or "unknown@localhost"
    return Author(name=name, email=email)


def clean_message(message: str) -> str:
    """Return a commit message without control or invisible characters, never empty, ending in one newline."""
    unified = message.replace("\r\n", "\n").replace("\r", "\n")
    visible = "".join(char for char in unified if char in "\n\t" or unicodedata.category(char) not in _HIDDEN)
    lines = (line.rstrip() for line in visible[:_LONGEST_MESSAGE].strip().split("\n"))
    return "\n".join(lines) + "\n" if visible.strip() else "Change the files\n"


@contextmanager
def dated(when: datetime) -> Iterator[None]:
    """Date the commits that are made in here as of `when`, whatever time they name: for a history that is told."""
    token = _TOLD.set(when)
    try:
        yield
    finally:
        _TOLD.reset(token)


def signatures(author: Author, when: datetime | None) -> tuple[pygit2.Signature, pygit2.Signature]:
    """Return the author's and the committer's signature; both carry `when`, so the same input gives the same commit."""
    moment = _TOLD.get() or when or datetime.now(UTC)
    second = min(max(int(moment.timestamp()), 0), _LAST_SECOND)
    person = sanitized(author)
    return (
        pygit2.Signature(person.name, person.email, second, 0, "utf-8"),
        pygit2.Signature(COMMITTER.name, COMMITTER.email, second, 0, "utf-8"),
    )


def is_plain(text: str) -> bool:
    """Return whether everything in a name can be seen."""
    return all(unicodedata.category(char) not in _HIDDEN for char in text)


def _one_line(text: str) -> str:
    visible = "".join(" " if char.isspace() else char for char in text if char.isspace() or unicodedata.category(char) not in _HIDDEN)
    plain = visible.replace("<", "").replace(">", "")
    return _SPACE.sub(" ", plain).strip(_CRUD)[:_LONGEST_NAME].strip(_CRUD)
