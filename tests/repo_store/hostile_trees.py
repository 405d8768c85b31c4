"""Trees that no door may let in. One table for the store and for a push with the real git; names are in hostile_names.

An entry is (mode, name, content): bytes are a file, a list is a folder, None is a commit of another repository.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

Entry = tuple[bytes, bytes, "bytes | Sequence[Entry] | None"]

FILE, RUN, FOLDER, LINK, MODULE = b"100644", b"100755", b"40000", b"120000", b"160000"


def context(*entries: Entry) -> list[Entry]:
    return [(FOLDER, b"context", list(entries))]


def nested(depth: int) -> list[Entry]:
    inside: list[Entry] = [(FILE, b"a.md", b"deep")]
    for _ in range(depth):
        inside = [(FOLDER, b"d", inside)]
    return context(*inside)


def bomb(depth: int, width: int) -> list[Entry]:
    inside: list[Entry] = [(FILE, b"a.md", b"boom")]
    for _ in range(depth):
        inside = [(FOLDER, f"d{number}".encode(), inside) for number in range(width)]
    return context(*inside)


HOSTILE_TREES: list[tuple[str, list[Entry], str]] = [
    ("a symbolic link", context((LINK, b"a.md", b"/etc/passwd")), "symbolic link"),
    ("a link to a folder above", context((LINK, b"up", b"../..")), "symbolic link"),
    ("instructions that are a link", [(LINK, b"instructions.md", b"context/a.md")], "symbolic link"),
    ("context that is a link", [(LINK, b"context", b"/etc")], "symbolic link"),
    ("a submodule", context((MODULE, b"lib", None)), "submodule"),
    (".git as a file", context((FILE, b".git", b"gitdir: /x")), "belong to git"),
    (".git as a folder", context((FOLDER, b".git", [(FILE, b"config", b"x")])), "belong to git"),
    (".GIT", context((FOLDER, b".GIT", [(FILE, b"config", b"x")])), "belong to git"),
    ("git~1", context((FOLDER, b"git~1", [(FILE, b"config", b"x")])), "short name"),
    (".git with a joiner", context((FOLDER, ".g\u200cit".encode(), [(FILE, b"config", b"x")])), "invisible"),
    (".git with a stream", context((FOLDER, b".git::$INDEX_ALLOCATION", [(FILE, b"config", b"x")])), "contains :"),
    (".gitmodules", context((FILE, b".gitmodules", b"[submodule]")), "belong to git"),
    (".gitattributes", context((FILE, b".gitattributes", b"* filter=x")), "belong to git"),
    ("dot", context((FILE, b".", b"x")), "leads out"),
    ("dot dot", context((FILE, b"..", b"x")), "leads out"),
    ("dot dot as a folder", context((FOLDER, b"..", [(FILE, b"x", b"x")])), "leads out"),
    ("a slash in a name", context((FILE, b"a/b.md", b"x")), "slash"),
    ("a path in a name", context((FILE, b"../../x", b"x")), "slash"),
    ("an absolute name", context((FILE, b"/etc/passwd", b"x")), "slash"),
    ("a backslash", context((FILE, b"..\\x", b"x")), "backslash"),
    ("a newline", context((FILE, b"a\nb.md", b"x")), "control"),
    ("an escape code", context((FILE, b"\x1b[31m.md", b"x")), "control"),
    ("a right-to-left override", context((FILE, "\u202egnp.exe".encode(), b"x")), "invisible"),
    ("no UTF-8", context((FILE, b"\xff\xfe.md", b"x")), "not UTF-8"),
    ("a decomposed name", context((FILE, "u\u0308ber.md".encode(), b"x")), "normal form"),
    ("a trailing dot", context((FILE, b"a.md.", b"x")), "dot"),
    ("a trailing space", context((FILE, b"a.md ", b"x")), "space"),
    ("a device", context((FILE, b"CON", b"x")), "device"),
    ("a long name", context((FILE, b"a" * 5000, b"x")), "1024 bytes"),
    ("an option", context((FILE, b"--upload-pack=x", b"x")), "start with -"),
    ("case twins", context((FILE, b"A.md", b"x"), (FILE, b"a.md", b"x")), "only in case"),
    ("one name twice", context((FILE, b"a.md", b"x"), (FILE, b"a.md", b"y")), "twice"),
    ("a file and a folder of one name", context((FILE, b"a", b"x"), (FOLDER, b"a", [(FILE, b"b", b"x")])), "twice"),
    ("unsorted names", context((FILE, b"b.md", b"x"), (FILE, b"a.md", b"x")), "not sorted"),
    ("a file with the setuid bit", context((b"104755", b"a.md", b"x")), "mode 104755"),
    ("a file its group may write", context((b"100664", b"a.md", b"x")), "group may write"),
    ("a folder with a padded mode", [(b"040000", b"context", [(FILE, b"a.md", b"x")])], "mode 040000"),
    ("a device node", context((b"020666", b"null", b"x")), "mode 020666"),
    ("an empty folder", context((FOLDER, b"e", [])), "is empty"),
    ("folders in folders in folders", nested(30), "deep"),
    ("a bomb of folders", bomb(8, 10), "files"),
    ("another file at the top", [(FILE, b"README.md", b"x")], "must be instructions.md"),
    ("another folder at the top", [(FOLDER, b"src", [(FILE, b"main.py", b"x")])], "must be instructions.md"),
    ("a file called context", [(FILE, b"context", b"x")], "must be instructions.md"),
    ("too many files", context(*((FILE, f"{number:04}.md".encode(), b"x") for number in range(201))), "201 files"),
    ("a large file", context((FILE, b"a.md", b"x" * 1_000_001)), "1,000,001 bytes"),
    ("a huge file", context((FILE, b"a.md", b"\0" * 30_000_000)), "30,000,000 bytes"),
    ("front matter that does not parse", [(FILE, b"instructions.md", b"---\nkind: [\n---\n\nGo.\n")], "not valid YAML"),
    ("front matter without an end", [(FILE, b"instructions.md", b"---\nkind: x\n")], "no closing"),
    ("instructions that are no text", [(FILE, b"instructions.md", b"\xff\xfe\x00")], "not UTF-8"),
]


def commit_tree(repository: Path, entries: Sequence[Entry], parent: str = "") -> str:
    """Write a commit with exactly this tree, whatever git thinks of it, and return its id."""
    tree = _tree(repository, entries)
    options = ["-p", parent] if parent else []
    return _run(repository, b"", "commit-tree", tree, *options, "-m", "Hostile")


def _tree(repository: Path, entries: Sequence[Entry]) -> str:
    known: dict[int, str] = {}
    raw = b""
    for mode, name, content in entries:
        if content is None:
            oid = "1" * 40
        elif isinstance(content, bytes):
            oid = _run(repository, content, "hash-object", "-w", "--stdin")
        else:
            # A bomb names the same folder many times; it is written once.
            oid = known.setdefault(id(content), "") or _tree(repository, content)
            known[id(content)] = oid
        raw += mode + b" " + name + b"\0" + bytes.fromhex(oid)
    return _run(repository, raw, "hash-object", "-w", "-t", "tree", "--stdin", "--literally")


def _run(repository: Path, stdin: bytes, *arguments: str) -> str:
    names = [f"user.{what}={value}" for what, value in (("name", "Pat"), ("email", "pat@example.org"))]
    command = ["git", *(part for name in names for part in ("-c", name)), *arguments]
    return subprocess.run(command, cwd=repository, input=stdin, capture_output=True, check=True).stdout.decode().strip()
