"""Numbers and names as sentences say them."""

from collections.abc import Sequence

MOST_NAMES = 3


def counted(number: int, one: str, many: str = "", *, verb: bool = True) -> str:
    """Return the number with its noun, and unless told otherwise with "is" or "are": `2 questions are`."""
    words = f"{number:,} {one if number == 1 else many or one + 's'}"
    return f"{words} {'is' if number == 1 else 'are'}" if verb else words


def listed(names: Sequence[str], one: str, many: str = "") -> str:
    """Put names into a sentence, the first three of them; "" without any. `{}` takes them with "is" or "are"."""
    if not names:
        return ""
    shown = list(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown.append(f"{len(names) - MOST_NAMES} more")
    together = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    if "{}" in one:
        return one.replace("{}", f"{together} {'is' if len(names) == 1 else 'are'}")
    return (one if len(names) == 1 else many or one).replace("{names}", together)


def roughly(seconds: float) -> str:
    """Return a length of time in one unit: `40 s`, `12 min`, `3 h`, `2 days`."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds)} s"
