"""Django beside a live server, in one process for all that a test has to say there.

Code comes in, one JSON string a line; what it printed and how it failed go back, one JSON pair a line.
"""

import contextlib
import io
import json
import os
import sys
import traceback

import django
from django.db import connections


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a child process of the code writes must not be taken for an answer
    django.setup()
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")


def run(code: str) -> tuple[str, str]:
    """Run the code and return what it printed and how it failed, if it did: its complaints and the traceback or exit code."""
    printed, complaints = io.StringIO(), io.StringIO()
    failure = ""
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaints):
        try:
            exec(compile(code, "<beside>", "exec"), {"__name__": "beside"})
        except SystemExit as ended:
            failure = f"It ended with {ended.code}.\n" if ended.code else ""
        except Exception:
            failure = traceback.format_exc()
    connections.close_all()
    sys.stderr.write(complaints.getvalue())
    return printed.getvalue(), complaints.getvalue() + failure if failure else ""


if __name__ == "__main__":
    main()
