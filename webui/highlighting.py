"""Source text as coloured lines: only classes, so that each theme brings its own colours.

What is long is shown without colour, and what is coloured once is kept by the id of its content, up to a bound in memory.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import PurePosixPath

from django.utils.html import escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType, is_token_subtype

LONGEST = 48_000  # characters of a file that gets colours
LONGEST_LINE = 1_000
MOST_KEPT = 8_000_000  # characters of finished lines, in all files together
MOST_AT_ONCE = 64_000  # characters that one page may colour anew; the next load colours on

# Only lexers for what stands in a task's files: each one more is one more program that strangers' text runs through.
LEXERS = {
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    **dict.fromkeys((".py", ".pyi"), "python"),
    **dict.fromkeys((".js", ".mjs", ".jsx"), "javascript"),
    **dict.fromkeys((".ts", ".tsx"), "typescript"),
    **dict.fromkeys((".json", ".jsonl"), "json"),
    **dict.fromkeys((".yml", ".yaml"), "yaml"),
    **dict.fromkeys((".html", ".htm"), "html"),
    **dict.fromkeys((".sh", ".bash"), "bash"),
    **dict.fromkeys((".c", ".h"), "c"),
    **dict.fromkeys((".cpp", ".hpp", ".cc"), "cpp"),
    ".toml": "toml",
    ".css": "css",
    ".sql": "postgresql",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    ".rb": "ruby",
    ".xml": "xml",
    ".svg": "xml",
    ".ini": "ini",
    ".cfg": "ini",
    ".diff": "diff",
    ".patch": "diff",
    ".php": "php",
}
CLASSES: list[tuple[_TokenType, str]] = [
    (Token.Comment, "c"),
    (Token.Keyword, "k"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "n"),
    (Token.Name.Function, "f"),
    (Token.Name.Class, "f"),
    (Token.Name.Tag, "k"),
    (Token.Name.Attribute, "f"),
    (Token.Name.Decorator, "f"),
    (Token.Name.Builtin, "b"),
    (Token.Name.Constant, "n"),
    (Token.Name.Entity, "n"),
    (Token.Generic.Heading, "h"),
    (Token.Generic.Subheading, "h"),
    (Token.Generic.Strong, "h"),
    (Token.Generic.Emph, "e"),
    (Token.Generic.Inserted, "s"),
    (Token.Generic.Deleted, "c"),
]
# What turns the order of letters round, or shows nothing, is spelled out: a line is to be read as it will be run.
TREACHEROUS = re.compile("[\u0000-\u0008\u000b-\u001f\u007f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
PIECES = re.compile(r"<[^>]+>|&[^;\s]+;|.", re.DOTALL)


class _Kept:
    """Finished lines by the id of the content and the language; the latest used stay. Shared between threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self.texts: OrderedDict[tuple[str, str], str] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: tuple[str, str]) -> str | None:
        with self.lock:
            if key in self.texts:
                self.texts.move_to_end(key)
            return self.texts.get(key)

    def keep(self, key: tuple[str, str], text: str) -> None:
        with self.lock:
            if key not in self.texts:
                self.texts[key] = text
                self.held += len(text)
            while self.held > self.most:
                _, dropped = self.texts.popitem(last=False)
                self.held -= len(dropped)


_kept = _Kept(MOST_KEPT)


class Painter:
    """Colours the files of one page, until it has coloured enough."""

    def __init__(self) -> None:
        self.left = MOST_AT_ONCE

    def lines(self, blob: str | None, path: str, content: bytes | None) -> list[str]:
        """Return each line of a file as safe HTML; an empty list for what is not there or not text."""
        text = text_of(content)
        if text is None:
            return []
        language = language_of(path)
        if not language or len(text) > LONGEST or any(len(line) > LONGEST_LINE for line in text.split("\n")):
            return plain(text)
        key = (blob or text, language)
        done = _kept.get(key)
        if done is None:
            if len(text) > self.left:
                return plain(text)
            self.left -= len(text)
            done = _coloured(text, language)
            _kept.keep(key, done)
        return done.split("\n")


def text_of(content: bytes | None) -> str | None:
    """Return a file's text, or None when it is no text."""
    if content is None or b"\0" in content:
        return None
    return content.decode("utf-8", "replace").replace("\r\n", "\n")


def plain(text: str) -> list[str]:
    return [escape(line) for line in text.split("\n")]


def language_of(path: str) -> str:
    return LEXERS.get(PurePosixPath(path.lower()).suffix, "")


def spelled_out(html: str) -> str:
    """Return a finished line with its treacherous characters named."""
    return TREACHEROUS.sub(lambda match: f'<span class="odd">U+{ord(match.group()):04X}</span>', html)


def marked(html: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a line with the characters of `spans` marked. Marks end and begin again at the tags that colours bring."""
    if not spans:
        return html
    return "".join(_marking(html, spans))


def _marking(html: str, spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    place, is_open = 0, False
    for piece in PIECES.findall(html):
        if piece.startswith("<"):
            if is_open:
                yield "</mark>"
                is_open = False
            yield piece
            continue
        wanted = any(start <= place < end for start, end in spans)
        if wanted != is_open:
            yield "<mark>" if wanted else "</mark>"
            is_open = wanted
        yield piece
        place += 1
    if is_open:
        yield "</mark>"


def _coloured(text: str, language: str) -> str:
    """Return the lines as HTML joined by line ends; without colour if the lexer would change the text."""
    lines: list[str] = []
    spelled: list[str] = []
    for kind, value in _lexer(language).get_tokens(text):
        spelled.append(value)
        name = _class_of(kind)
        pieces = [f'<span class="{name}">{escape(part)}</span>' if name and part else escape(part) for part in value.split("\n")]
        lines.append("\n".join(pieces))
    return "".join(lines) if "".join(spelled) == text else "\n".join(plain(text))


@cache
def _lexer(language: str) -> Lexer:
    found: Lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    return found


@cache
def _class_of(kind: _TokenType) -> str:
    return next((name for parent, name in CLASSES if is_token_subtype(kind, parent)), "")
