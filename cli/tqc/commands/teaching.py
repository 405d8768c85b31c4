"""Writing what an agent reads: the MCP server's entry, the rules, the skill. What is there already is kept."""

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path

from tqc.errors import UsageError

BEGIN, END = "<!-- muster: begin -->", "<!-- muster: end -->"
SERVER = {"command": "tqc", "args": ["mcp"]}


def teach(kind: str, directory: str) -> list[str]:
    """Write the files of one kind of agent below a directory and return their names."""
    root = Path(directory)
    root.mkdir(parents=True, exist_ok=True)
    return [str(path.relative_to(root)) for path in KINDS[kind](root)]


def _claude(root: Path) -> Iterator[Path]:
    # Without alwaysLoad the tools hide behind a search that an agent must think of first.
    yield _mcp(root / ".mcp.json", {**SERVER, "alwaysLoad": True})
    yield _rules(root / "AGENTS.md")
    memory = root / "CLAUDE.md"
    text = memory.read_text(encoding="utf-8") if memory.exists() else ""
    if "@AGENTS.md" not in text:
        memory.write_text(f"{text.rstrip()}\n\n@AGENTS.md\n".lstrip(), encoding="utf-8")
    yield memory
    yield from _skill(root / ".claude" / "skills")


def _codex(root: Path) -> Iterator[Path]:
    yield _rules(root / "AGENTS.md")
    path = root / ".codex" / "config.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if "[mcp_servers.muster]" not in text:
        path.parent.mkdir(parents=True, exist_ok=True)
        entry = '[mcp_servers.muster]\ncommand = "tqc"\nargs = ["mcp"]\n'
        path.write_text(f"{text.rstrip()}\n\n{entry}".lstrip(), encoding="utf-8")
    yield path


def _cursor(root: Path) -> Iterator[Path]:
    yield _mcp(root / ".cursor" / "mcp.json", SERVER)
    yield _rules(root / "AGENTS.md")


def _gemini(root: Path) -> Iterator[Path]:
    yield _mcp(root / ".gemini" / "settings.json", SERVER)
    yield _rules(root / "GEMINI.md")


def _other(root: Path) -> Iterator[Path]:
    yield _rules(root / "AGENTS.md")


KINDS: dict[str, Callable[[Path], Iterator[Path]]] = {
    "claude": _claude,
    "codex": _codex,
    "cursor": _cursor,
    "gemini": _gemini,
    "other": _other,
}


def _mcp(path: Path, entry: Mapping[str, object]) -> Path:
    """Add our server to a JSON file of servers."""
    try:
        document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise UsageError(f"{path} is not JSON ({error}); repair it or move it away.") from error
    document.setdefault("mcpServers", {})["muster"] = entry
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _rules(path: Path) -> Path:
    """Put our rules into a Markdown file, between two marks, and leave everything else of it as it is."""
    block = f"{BEGIN}\n{text_of('agents.md').rstrip()}\n{END}"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if BEGIN in before and END in before:
        head, _, rest = before.partition(BEGIN)
        text = head + block + rest.partition(END)[2]
    else:
        text = f"{before.rstrip()}\n\n{block}\n".lstrip()
    path.write_text(text, encoding="utf-8")
    return path


def _skill(skills: Path) -> Iterator[Path]:
    path = skills / "muster-worker" / "SKILL.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of("skill.md"), encoding="utf-8")
    yield path


def text_of(name: str) -> str:
    """Return one of the texts that are shipped with tqc."""
    return resources.files("tqc").joinpath(f"teach/{name}").read_text(encoding="utf-8")
