"""What the agents of the sample project are told."""

INSTRUCTIONS = """\
# {title}

Work in the scratch directory that your runner gives you. Do not touch anything outside it.

## Steps

1. Read `context/decisions.md` first; it says which names are settled.
2. Write the code and its tests together. `pytest -q` must pass.
3. Report what you did in **two or three sentences**, and name every file you changed.

| Case | Expected |
|---|---|
| empty input | exit code 2 and one line on stderr |
| `--json` | one JSON object a line, nothing else |

```python
def main(argv: list[str]) -> int:
    options = parse(argv)
    return run(options)
```

> Ask if something contradicts the decisions. Do not guess.
"""
DECISIONS = "# Decisions\n\n- The command is called `tally`.\n- Exit codes: 0 good, 2 usage, 4 nothing to do.\n- No network.\n"
STDIN = {
    "src/tally.py": b"""import sys


def lines(names):
    for name in names or ["-"]:
        source = sys.stdin if name == "-" else open(name, encoding="utf-8")
        yield from source
""",
    "tests/test_stdin.py": b"""def test_a_closed_pipe_is_no_error(run):
    assert run("tally", stdin=b"").returncode == 0
""",
}
STDIN_RESULT = "Reads standard input until it ends; a closed pipe ends the program quietly. Changed: `src/tally.py`, `tests/test_stdin.py`."
STDIN_REPORT = """- [x] `pytest -q` passes
- [x] The report lists every changed file
- [ ] `tally --help` names the new option
  `-` is an argument, so the help did not change

Files are not closed yet when the reader stops early."""
