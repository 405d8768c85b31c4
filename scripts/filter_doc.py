"""Draw docs/filter.md from the table of qualifiers.

Usage: python -m scripts.filter_doc
"""

import os
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "filter.md"

HEAD = """\
# The filter

One line says which tasks you mean, the same on the board, in the API (`GET /api/v1/tasks?q=…`) and on the command line (`tqc list '…'`):

```text
state:queued,failed agent:@none label:api -phase:2 updated:>2d parser
```

| written | means |
|---|---|
| `state:queued label:api` | both: a space is *and* |
| `state:queued,failed` | either: a comma is *or* |
| `label:a label:b` | both labels: a second term narrows, a comma widens |
| `-label:api` | not: a minus turns the term round |
| `label:"two words"` | quotation marks hold what has spaces or commas; inside them write `\\"` and `\\\\` |
| `parser` | the word stands in the title or the objective, or is the kind; capital letters make no difference |
| `"write the parser"` | these words stand there together |
| `#12` | task 12 |
| `no:label`, `has:question` | what a task lacks, what it has |

Numbers and times are compared: `attempts:>1`, `attempts:2..5`, `created:2026-03-01`, `created:>=2026-03-01`,
`created:2026-03-01..2026-03-31`.
A time can be an age, and then `<` is younger and `>` is older: `updated:<2d` is within the last two days, `updated:>2d` longer ago.
Ages are written in `s`, `min`, `h`, `d` and `w`. Days begin at midnight of your time zone, in the API of UTC.

`@me` is you in `by:`. In `agent:` and `assigned:` it is the agent whose key asks; a person is no agent, so there it finds nothing for
people, and it is not offered to them.

A line has at most {longest} characters and {terms} terms. What cannot be read is refused with the term, and with what could stand there.

## Qualifiers

{table}

## Words of `state:`

`is:` takes them too.

{states}

## Words of `is:`

{conditions}

## Words of `has:` and `no:`

{present}

## Saved views

A view keeps a line with its layout, order and grouping under a name: for yourself, or by a planner for everybody in the project. The menu
beside the filter opens them, marks one that was changed since, and saves or resets it; `GET /api/v1/projects/<slug>/views` lists them.
Every project has {views}.

## A new task under a filter

A task that is added while a filter is on gets what the filter asks for, as far as a new task can: `phase`, `label`, `needs`, `kind`,
`tier`, `priority`, `assigned` and `parent`, of several values the first.
"""


def page() -> str:
    """Return the page as it should be."""
    from coordination.queries.filters.conditions import CONDITIONS, PRESENT
    from coordination.queries.filters.qualifiers import STATE_WORDS, TABLE
    from coordination.queries.filters.text import LONGEST, MOST_TERMS
    from coordination.queries.saved_views import SYSTEM_VIEWS

    rows = [(_code(each.name, *each.aliases), each.says, each.takes, _code(*_examples(each.example))) for each in TABLE]
    views = [f"*{view.name}* (`{view.q}`)" for view in SYSTEM_VIEWS]
    return HEAD.format(
        longest=LONGEST,
        terms=MOST_TERMS,
        table=_table(("qualifier", "a task by", "takes", "such as"), rows),
        states=_table(("word", "the task is"), [(_code(word), says) for word, says in STATE_WORDS.items()]),
        conditions=_table(("word", "the task"), [(_code(word), each.says) for word, each in CONDITIONS.items()]),
        present=_table(("word", "`has:` finds a task that"), [(_code(word), each.says) for word, each in PRESENT.items()]),
        views=f"{', '.join(views[:-1])} and {views[-1]}",
    )


def _examples(text: str) -> list[str]:
    from coordination.queries.filters import parse

    return [term.text for term in parse(text).terms]


def _code(*words: str) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    django.setup()
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
