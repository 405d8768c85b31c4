"""What the content of a task's files must be, whichever way they come: the editor, the API or a push."""

from collections.abc import Mapping

from coordination import frontmatter
from coordination.errors import Invalid

INSTRUCTIONS = "instructions.md"
HAS_RULES = frozenset({INSTRUCTIONS})


def refuse_bad_content(files: Mapping[str, bytes | None]) -> None:
    """Raise Invalid if the instructions are not text, or their front matter does not parse."""
    source = files.get(INSTRUCTIONS)
    if source is None:
        return
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid(f"{INSTRUCTIONS} is not UTF-8 text; save it as UTF-8.", field=INSTRUCTIONS) from None
    try:
        frontmatter.parse(text)
    except frontmatter.BadFrontMatter as fault:
        raise Invalid(f"{INSTRUCTIONS}: {fault}", field=INSTRUCTIONS) from None
