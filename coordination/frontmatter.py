"""The block of settings that may stand at the top of a Markdown document, between two lines of `---`."""

from dataclasses import dataclass, field
from typing import Any

import yaml

MARK = "---"
MAX_LENGTH = 20_000  # characters


class BadFrontMatter(ValueError):
    """The block does not parse; the message says where."""


@dataclass(frozen=True)
class Document:
    """Settings, and the text below them."""

    text: str
    settings: dict[str, Any] = field(default_factory=dict)


def parse(source: str) -> Document:
    """Split a document; one without front matter has no settings. Raises BadFrontMatter."""
    lines = source.split("\n")
    if lines[0].rstrip() != MARK:
        return Document(source)
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == MARK), None)
    if end is None:
        raise BadFrontMatter("The front matter begins with --- and has no closing --- line.")
    block = "\n".join(lines[1:end])
    if len(block) > MAX_LENGTH:
        raise BadFrontMatter(f"The front matter is longer than {MAX_LENGTH} characters.")
    try:
        settings = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 2}" if where else ""
        raise BadFrontMatter(f"The front matter is not valid YAML{line}.") from error
    if settings is not None and not isinstance(settings, dict):
        raise BadFrontMatter("The front matter must be `name: value` lines.")
    return Document("\n".join(lines[end + 1 :]).lstrip("\n"), {str(name): value for name, value in (settings or {}).items()})
