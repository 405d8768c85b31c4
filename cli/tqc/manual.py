"""Writes docs/tqc.md from the commands' own pages: `python -m tqc.manual > docs/tqc.md`."""

import argparse
import os

from tqc import registry
from tqc.errors import EXIT_CODES
from tqc.parsing import parser_of

HEAD = """\
# tqc

`tqc` is the agent's side of Muster: what runs where agents work. It needs Python 3.10 and the server's address, and is
installed by itself: `cd cli && pip install -e .`, with the MCP server `pip install -e '.[mcp]'`. The command line starts
without any library. This page is written from `tqc COMMAND --help`.

## Finding the server

From flags, then the environment, then the profile that `tqc init` stores in `~/.config/muster/config.toml` (mode 600).

| what | flag | variables, the first that is set |
|---|---|---|
| address | `--url` | `MUSTER_URL`, `TASK_API_URL`, `ATHENA_API_URL` |
| key | none: others could read it | `MUSTER_API_KEY`, `TASK_API_KEY`, `ATHENA_API_KEY`, or a file named by `MUSTER_API_KEY_FILE` |
| agent | `--as` | `MUSTER_AGENT`, `AGENT_ID`, `CLAUDE_INSTANCE` |
| its name for people | none | `MUSTER_AGENT_NAME`, `CLAUDE_INSTANCE_NAME` |
| project | `--project` | `MUSTER_PROJECT` |
| profile | `--profile` | `MUSTER_PROFILE` |

A profile's key is only sent to the profile's own address.

## JSON

With `--json` a command prints one document, `{"schema": "tqc/1", "kind": "task", "data": ...}`. Within version 1 fields are added and
never changed or removed. Each command's page says which kind it prints; tasks, attempts and the other nouns have the shapes
of the API. A refusal is `{"schema": "tqc/1", "kind": "error", "error": {"code", "sentence", "exit_code", "hint", "data"}}`.

## Exit codes
"""


def manual() -> str:
    """Return the whole page."""
    # The width of a terminal must not change what the page says.
    os.environ["COLUMNS"] = "100"
    parts = [
        HEAD + "\n".join(["", "| code | meaning |", "|---|---|", *(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())])
    ]
    for section, entries in registry.SECTIONS.items():
        parts.append(f"## {section}")
        for entry in entries:
            command = registry.find(entry.name)
            if command is not None:
                parts.append(f"### tqc {entry.name}\n\n```text\n{_own(parser_of(command))}\n```")
    return "\n\n".join(parts) + "\n"


def _own(parser: argparse.ArgumentParser) -> str:
    """Return a command's page without what every command's page has."""
    text = parser.format_help()
    before, _, after = text.partition("flags of every command:\n")
    rest = after.partition("\n\n")[2].partition("exit codes:\n  0  ")[0]
    return (before.rstrip() + "\n\n" + rest.rstrip()).rstrip()


if __name__ == "__main__":
    print(manual(), end="")
