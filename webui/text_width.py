"""About how wide text will be: SVG neither wraps nor shortens, and the server has no fonts."""

import unicodedata
from functools import lru_cache

NARROW, USUAL, CAPITAL, BROAD, FULL = 0.31, 0.56, 0.68, 0.88, 1.05  # of the font's size, for the system's sans-serif fonts
OF_LETTER = {**dict.fromkeys("iljtfrI.,:;'|!()[]{}`/ ", NARROW), **dict.fromkeys("mwMW@%—…", BROAD)}


def width(text: str) -> float:
    """Return the width of a text in units of its font size, rather too much than too little."""
    return sum(_letter(letter) for letter in text)


@lru_cache(maxsize=4096)
def fit(text: str, room: float, lines: int) -> tuple[str, ...]:
    """Break text into at most `lines` lines of `room` font sizes; what is left out is marked by an ellipsis."""
    words = text.split()
    found: list[str] = []
    while words and len(found) < lines:
        line = words.pop(0)
        while words and width(f"{line} {words[0]}") <= room:
            line = f"{line} {words.pop(0)}"
        is_last = len(found) == lines - 1
        if width(line) > room or (is_last and words):
            line, rest = _cut(" ".join([line, *words]) if is_last else line, room, is_last=is_last)
            words = [] if is_last else [rest, *words]
        found.append(line)
    return tuple(found)


def _cut(text: str, room: float, *, is_last: bool) -> tuple[str, str]:
    room -= width("…") if is_last else 0
    used, end = 0.0, 0
    for letter in text:
        used += _letter(letter)
        if used > room:
            break
        end += 1
    return (text[:end].rstrip() + "…", "") if is_last else (text[: max(end, 1)], text[max(end, 1) :])


def _letter(letter: str) -> float:
    if letter in OF_LETTER:
        return OF_LETTER[letter]
    if letter.isascii():
        return CAPITAL if letter.isupper() else USUAL
    return FULL if unicodedata.east_asian_width(letter) in "WF" else 0.0 if unicodedata.combining(letter) else CAPITAL
