"""A list in front matter is written without touching any other line."""

import pytest

from coordination.frontmatter import BadFrontMatter, parse, with_list

ENTRIES = ["task:41/result", 'a "quoted" one', "https://example.org/#x"]
SOURCES = [
    "# Title\n\nText\n",
    "---\nkind: x\n---\n# Title\n",
    "---\ncontext: task:1/result\nkind: x # why\n---\n\nText",
    "---\n# of the plan\nother: [1, 2]\ncontext:\n- task:1/result\n- b\n\nkind: x\n---\nText\n",
    "---\ncontext: [\n  a,\n  b\n]\nkind: x\n---\nText\n",
    "---\n---\nText\n",
    "",
]


@pytest.mark.parametrize("source", SOURCES)
def test_the_list_is_there_and_all_else_is_as_it_was(source: str) -> None:
    changed = with_list(source, "context", ENTRIES)
    before, after = parse(source), parse(changed)
    assert after.settings.pop("context") == ENTRIES
    before.settings.pop("context", None)
    assert after.settings == before.settings
    assert after.text == before.text
    assert parse(with_list(changed, "context", [])).settings.get("context") is None


def test_comments_and_spelling_of_other_settings_stay() -> None:
    changed = with_list(SOURCES[3], "context", ["c"])
    assert changed == '---\n# of the plan\nother: [1, 2]\ncontext:\n  - "c"\nkind: x\n---\nText\n'


def test_what_cannot_be_changed_line_by_line_is_refused() -> None:
    with pytest.raises(BadFrontMatter):
        with_list("---\n{context: [a], kind: x}\n---\nText\n", "context", ["b"])
    with pytest.raises(BadFrontMatter):
        with_list("---\nkind: [x\n---\nText\n", "context", ["b"])
