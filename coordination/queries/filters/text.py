"""A filter as one line of text: its terms, and how they are read and written. What a term means is in qualifiers.py."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from coordination.errors import Invalid

LONGEST = 1000  # characters
MOST_TERMS = 40
MOST_VALUES = 50
WORD = ""  # the name of a term that is a word to be looked for

SPACE = re.compile(r"\s+")
QUALIFIED = re.compile(r"([A-Za-z_]+):")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
BARE_WORD = re.compile(r"\S+")
BARE_VALUE = re.compile(r"[^\s,]+")
COMPARED = re.compile(r"(?:>=|<=|>|<)(?=\")")
NUMBER = re.compile(r"#([0-9]{1,18})$")


@dataclass(frozen=True)
class Term:
    """One condition: a qualifier with its values, any of which will do, or a word. `negated` turns it round."""

    name: str
    values: tuple[str, ...]
    negated: bool = False

    @property
    def text(self) -> str:
        return f"{'-' if self.negated else ''}{self._text}"

    @property
    def _text(self) -> str:
        if self.name == WORD:
            return _word_text(self.values[0])
        if self.name == "id" and len(self.values) == 1 and self.values[0].isdecimal():
            return f"#{self.values[0]}"
        return f"{self.name}:{','.join(value_text(value) for value in self.values)}"


def _word_text(word: str) -> str:
    is_bare = BARE_WORD.fullmatch(word) and word[0] not in '-"#' and not QUALIFIED.match(word)
    return word if is_bare else _quoted(word)


def value_text(value: str) -> str:
    return value if BARE_VALUE.fullmatch(value) and '"' not in value else _quoted(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def terms_in(text: str) -> Iterator[Term]:
    """Yield the terms of a line as they are written there, without a look at what they mean."""
    if len(text) > LONGEST:
        raise _refused(f"A filter has at most {LONGEST} characters; this one has {len(text)}.")
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise _refused("A filter holds text only; this one has a character that no text has.")
    count, place = 0, _after_space(text, 0)
    while place < len(text):
        term, place = _term_at(text, place)
        count += 1
        if count > MOST_TERMS:
            raise _refused(f"A filter has at most {MOST_TERMS} terms; take some out.")
        yield term
        place = _after_space(text, place)


def _term_at(text: str, start: int) -> tuple[Term, int]:
    place = start
    negated = text[place] == "-" and place + 1 < len(text) and not text[place + 1].isspace()
    place += negated
    if text[place] == '"':
        word, place = _quotation(text, place)
        if not word.strip():
            raise _refused('"" holds nothing to look for; write words between the quotation marks or take them out.')
        return Term(WORD, (word,), negated), place
    if named := QUALIFIED.match(text, place):
        values, place = _values(text, named.end(), named[0])
        return Term(named[1].lower(), values, negated), place
    word = _matched(BARE_WORD, text, place)
    if number := NUMBER.match(word):
        return Term("id", (number[1],), negated), place + len(word)
    return Term(WORD, (word,), negated), place + len(word)


def _values(text: str, place: int, name: str) -> tuple[tuple[str, ...], int]:
    values: dict[str, None] = {}
    while True:
        compared = COMPARED.match(text, place)
        sign = compared[0] if compared else ""
        place += len(sign)
        if text[place : place + 1] == '"':
            value, place = _quotation(text, place)
        else:
            value = _matched(BARE_VALUE, text, place)
            place += len(value)
        if sign + value:
            values[sign + value] = None
        if text[place : place + 1] != ",":
            break
        place += 1
    if not values:
        raise _refused(f'Write a value behind {name} without a space, such as {name}a or {name}"two words".')
    if len(values) > MOST_VALUES:
        raise _refused(f"{name} has more than {MOST_VALUES} values; leave some out.")
    return tuple(values), place


def _quotation(text: str, place: int) -> tuple[str, int]:
    found = QUOTED.match(text, place)
    if found is None:
        raise _refused(f"The quotation {text[place : place + 40]} is not closed; add a quotation mark at its end.")
    return ESCAPED.sub(r"\1", found[1]), found.end()


def _matched(pattern: re.Pattern[str], text: str, place: int) -> str:
    found = pattern.match(text, place)
    return found[0] if found else ""


def _after_space(text: str, place: int) -> int:
    found = SPACE.match(text, place)
    return found.end() if found else place


def _refused(sentence: str) -> Invalid:
    return Invalid(sentence, field="q")
