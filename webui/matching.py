"""What two sequences have in common, in order: Myers' greedy algorithm, with a bound on the work that strangers' texts can cause."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Run = tuple[int, int, int]  # where it begins in the old one and in the new one, and its length
Span = tuple[int, int]

MOST_DIFFERENCES = 300
LONGEST_LINE = 2_000  # characters
ALIKE = 0.35  # of a line's letters must have stayed before single words are worth a mark
MOST_PAIRINGS = 200  # of removed with added lines that are tried
TOKENS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass
class Effort:
    """How many steps one page may still spend; when they are gone, only beginnings and ends are compared."""

    left: int = 1_000_000


def runs(old: Sequence[T], new: Sequence[T], effort: Effort) -> list[Run]:
    """Return what both have, as runs in order. Nothing is lost if it gives up early: more counts as changed."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle = _shortest(old[start : len(old) - end], new[start : len(new) - end], effort)
    found = [(0, 0, start), *((i + start, j + start, n) for i, j, n in middle), (len(old) - end, len(new) - end, end)]
    return [run for run in found if run[2]]


def _shortest(old: Sequence[T], new: Sequence[T], effort: Effort) -> list[Run]:
    """Return the runs of a shortest edit script, or none at all when it would take more than the effort that is left."""
    if not old or not new:
        return []
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for differences in range(min(MOST_DIFFERENCES, len(old) + len(new)) + 1):
        trace.append(dict(furthest))
        for diagonal in range(-differences, differences + 1, 2):
            effort.left -= 1
            down = diagonal == -differences or (diagonal != differences and furthest[diagonal - 1] < furthest[diagonal + 1])
            i = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            j = i - diagonal
            while i < len(old) and j < len(new) and old[i] == new[j]:
                i, j = i + 1, j + 1
                effort.left -= 1
            furthest[diagonal] = i
            if i >= len(old) and j >= len(new):
                return _walked_back(trace, len(old), len(new))
        if effort.left < 0:
            return []
    return []


def _walked_back(trace: list[dict[int, int]], i: int, j: int) -> list[Run]:
    found: list[Run] = []
    for differences in range(len(trace) - 1, -1, -1):
        furthest, diagonal = trace[differences], i - j
        down = diagonal == -differences or (diagonal != differences and furthest[diagonal - 1] < furthest[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        start_i = furthest[before] if differences else 0
        start_j = start_i - before if differences else 0
        came_i, came_j = (start_i, start_j + 1) if down else (start_i + 1, start_j)
        if not differences:
            came_i, came_j = 0, 0
        if i > came_i:
            found.append((came_i, came_j, i - came_i))
        i, j = start_i, start_j
    return found[::-1]


def changed_words(old: str, new: str, effort: Effort) -> tuple[list[Span], list[Span]]:
    """Return which characters of either line are new or gone, word by word; none if the lines have too little in common."""
    if len(old) > LONGEST_LINE or len(new) > LONGEST_LINE:
        return [], []
    before, after = TOKENS.findall(old), TOKENS.findall(new)
    common = runs(before, after, effort)
    kept = sum(len(before[i + step]) for i, _, n in common for step in range(n) if not before[i + step].isspace())
    if kept < ALIKE * max(len("".join(old.split())), len("".join(new.split()))):
        return [], []
    return _others(before, [(i, n) for i, _, n in common]), _others(after, [(j, n) for _, j, n in common])


def paired(old: Sequence[str], new: Sequence[str]) -> list[Span]:
    """Return which removed line became which added one, in order: the pairs that share the most words."""
    if len(old) == len(new) or len(old) * len(new) > MOST_PAIRINGS:
        return [(at, at) for at in range(min(len(old), len(new)))]
    bags = [Counter(TOKENS.findall(line[:LONGEST_LINE])) for line in new]
    best: list[list[int]] = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        bag = Counter(TOKENS.findall(old[i][:LONGEST_LINE]))
        for j in range(len(new) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], (bag & bags[j]).total() + best[i + 1][j + 1])
    pairs: list[Span] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def _others(tokens: Sequence[str], kept: Sequence[Span]) -> list[Span]:
    """Return the characters outside the kept tokens; what only white space divides is one span."""
    is_kept = [False] * len(tokens)
    for start, length in kept:
        is_kept[start : start + length] = [True] * length
    spans: list[Span] = []
    place = 0
    gap_is_blank = False
    for token, stays in zip(tokens, is_kept, strict=True):
        end = place + len(token)
        if stays:
            gap_is_blank = gap_is_blank and token.isspace()
        else:
            if spans and gap_is_blank:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((place, end))
            gap_is_blank = True
        place = end
    return spans
