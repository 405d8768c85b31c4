"""The kinds of events that there are, and reading the kinds that somebody asks for."""

from collections.abc import Iterable
from difflib import get_close_matches

from coordination.errors import Invalid

EVERYTHING = "*"
OF_NOUN = {
    noun: what.split()
    for noun, what in {
        "agent": "back registered retired silent",
        "attempt": "late pushed sealed",
        "comment": "added deleted reopened resolved restored",
        "dependency": "added changed removed",
        "files": "rebuilt saved",
        "key": "created revoked",
        "member": "granted revoked",
        "message": "said",
        "muster": "restored",
        "phase": """
            completed created deleted drained draining edited gate_closed gate_opened linked moved paused reopened
            resumed split started status unlinked""",
        "project": "created deleted drained draining edited paused resumed",
        "repository": "added updated",
        "task": """
            adopted answered approved asked asks_again cancel_requested cancel_withdrawn cancelled changes_requested
            claimed created done edited expired failed fell_back held let_run progress put_back queued released requeued
            retrying review_reopened start_brought_forward started stays_done stays_failed submitted""",
        "user": "created",
        "view": "changed deleted saved",
        "webhook": "created deleted disabled edited secret_renewed tested",
    }.items()
}
KINDS = frozenset(f"{noun}.{what}" for noun, found in OF_NOUN.items() for what in found)
WHOLE = frozenset(f"{noun}.*" for noun in OF_NOUN)


def known_kinds(kinds: Iterable[str], *, field: str = "kinds") -> list[str]:
    """Return the kinds that are asked for, each once; Invalid if one is of no event, which is nearly always a slip of the finger.

    `task.*` stands for all of a noun, `*` for everything.
    """
    found = list(dict.fromkeys(kinds))
    for kind in found:
        if kind not in KINDS and kind not in WHOLE and kind != EVERYTHING:
            raise Invalid(f"Nothing is called {kind[:60]!r}. {_hint(kind)}", field=field)
    return found


def _hint(kind: str) -> str:
    if close := get_close_matches(kind, WHOLE if kind.endswith("*") else KINDS, n=2):
        return f"Did you mean {' or '.join(close)}?"
    noun = kind.partition(".")[0]
    if noun in OF_NOUN:
        return f"There are {', '.join(f'{noun}.{what}' for what in OF_NOUN[noun])}, and {noun}.* for all of them."
    return f"Write one like task.done, task.* for all of a task, or * for everything; there are events of {', '.join(OF_NOUN)}."
