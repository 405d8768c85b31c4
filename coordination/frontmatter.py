"""The block of settings that may stand at the top of a Markdown document, between two lines of `---`."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

MARK = "---"
MAX_LENGTH = 20_000  # characters


class BadFrontMatter(ValueError):
    """The block does not parse; the message says where."""


class _Loader(yaml.SafeLoader):
    """YAML in which `on` and `no` are words, a name stands once, and nothing stands for something written elsewhere."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        # A few nested aliases stand for gigabytes as soon as somebody prints them.
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="an alias", problem_mark=self.get_event().start_mark)  # type: ignore[no-untyped-call]  # the stubs' gap
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for name, _ in node.value:
            if str(name.value) in seen:
                raise yaml.MarkedYAMLError(problem="a name that is there already", problem_mark=name.start_mark)
            seen.add(str(name.value))
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


@dataclass(frozen=True)
class Document:
    """Settings, and the text below them."""

    text: str
    settings: dict[str, Any] = field(default_factory=dict)


def parse(source: str, longest: int = MAX_LENGTH) -> Document:
    """Split a document; one without front matter has no settings, and `longest` characters fit in it. Raises BadFrontMatter."""
    lines = source.split("\n")
    if lines[0].rstrip() != MARK:
        return Document(source)
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == MARK), None)
    if end is None:
        raise BadFrontMatter("The front matter begins with --- and has no closing --- line.")
    block = "\n".join(lines[1:end])
    if len(block) > longest:
        raise BadFrontMatter(f"The front matter is longer than {longest} characters.")
    try:
        settings = yaml.load(block, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 2}" if where else ""
        raise BadFrontMatter(f"The front matter is not valid YAML{line}.") from error
    if settings is not None and not isinstance(settings, dict):
        raise BadFrontMatter("The front matter must be `name: value` lines.")
    return Document("\n".join(lines[end + 1 :]).lstrip("\n"), {str(name): value for name, value in (settings or {}).items()})


def with_list(source: str, name: str, entries: Sequence[str]) -> str:
    """Return the document with the setting `name` as this list, and every other line as it was. Raises BadFrontMatter."""
    before = parse(source)
    lines = source.split("\n")
    if lines[0].rstrip() != MARK:
        return "\n".join([MARK, *_as_list(name, entries), MARK, "", source]) if entries else source
    end = next(number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == MARK)
    start, stop = _place_of(name, lines, end)
    changed = "\n".join([*lines[:start], *_as_list(name, entries), *lines[stop:]])
    after = parse(changed)
    others = [{key: value for key, value in each.settings.items() if key != name} for each in (before, after)]
    if others[0] != others[1] or after.text != before.text or (after.settings.get(name) or []) != list(entries):
        raise BadFrontMatter(f"The setting {name!r} is written in a way that cannot be changed here; edit the text.")
    return changed


def _place_of(name: str, lines: Sequence[str], end: int) -> tuple[int, int]:
    """Return the lines that the setting takes up, from and before; before the closing line if it is not there."""
    start = next((number for number in range(1, end) if re.match(rf"{re.escape(name)}\s*:", lines[number])), None)
    if start is None:
        return end, end
    stop = next((number for number in range(start + 1, end) if re.match(r"[^\s#\-\]}]", lines[number])), end)
    return start, stop


def _as_list(name: str, entries: Sequence[str]) -> list[str]:
    # What JSON writes is YAML too.
    return [f"{name}:", *(f"  - {json.dumps(entry, ensure_ascii=False)}" for entry in entries)] if entries else []
