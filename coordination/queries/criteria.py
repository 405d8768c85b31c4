"""Which acceptance criteria are met, who said so and when: from reviews, audits and reports of the task's attempts.

A report and a review's comments speak of a criterion as a line of a task list, `- [x] the criterion`, and may say why in an
indented line below it; an audit does in the data
of a result, under `audit` or `verdict` (or beside them), as `criteria`: `{"the criterion": true}`, a list of true and false in
the criteria's order, or a list of `{"criterion": ..., "met": ..., "note": ...}`. An approval accepts every criterion that its
comments do not deny.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coordination.models import Attempt, Review
from coordination.queries.sealing import AUDITS

BOX = re.compile(r"^[ \t]*[-+*][ \t]+\[([ xX])\][ \t]+(.+?)[ \t\r]*$(?:\n[ \t]{2,}(?![-+*] )(\S.*?)[ \t\r]*$)?", re.MULTILINE)
NAMES, ANSWERS, NOTES = ("criterion", "text", "name"), ("met", "passed", "pass", "ok", "verdict", "status"), ("note", "reason", "comment")
YES, NO = {"true", "yes", "met", "pass", "passed", "ok", "done"}, {"false", "no", "unmet", "not met", "fail", "failed"}
BYS = ("by", "auditor", "agent")


@dataclass(frozen=True)
class Verdict:
    """What somebody said of one criterion. `source` is review, audit or report."""

    met: bool
    by: str
    at: datetime | None
    attempt: int
    source: str
    note: str = ""


@dataclass(frozen=True)
class Criterion:
    text: str
    verdict: Verdict | None = None


def judged(criteria: Sequence[str], attempts: Iterable[Attempt]) -> list[Criterion]:
    """Return each criterion with its last verdict; `attempts` come newest first, with their agents and reviews at hand."""
    said: dict[str, Verdict] = {}
    for attempt in attempts:
        said = _of_attempt(criteria, attempt) | said
        if len(said) == len(set(criteria)):
            break
    return [Criterion(text, said.get(text)) for text in criteria]


@dataclass(frozen=True)
class Judgement:
    """What a reviewer says of the criterion at a place of the task's list."""

    place: int
    met: bool
    note: str = ""


def as_task_list(criteria: Sequence[str], judged: Iterable[Judgement]) -> str:
    """Return what a reviewer judged as a task list, the notes below their criteria: how the comments of a review say it."""
    said = {each.place: each for each in judged}
    lines = []
    for place, text in enumerate(criteria):
        if each := said.get(place):
            lines.append(f"- [{'x' if each.met else ' '}] {_one_line(text)}")
            lines += [f"  {_one_line(each.note)}"] if each.note.strip() else []
    return "\n".join(lines)


def _of_attempt(criteria: Sequence[str], attempt: Attempt) -> dict[str, Verdict]:
    """Return what was said about the criteria on one attempt: a review counts more than an audit, that more than a report."""
    told = _boxes(criteria, attempt.report, Verdict(True, attempt.agent.title, attempt.finished_at, attempt.number, "report"))
    told |= _audited(criteria, attempt)
    for review in attempt.reviews.all():
        told |= _reviewed(criteria, attempt, review)
    return told


def _reviewed(criteria: Sequence[str], attempt: Attempt, review: Review) -> dict[str, Verdict]:
    by = Verdict(True, review.reviewer.partition(":")[2], review.created_at, attempt.number, "review")
    accepted = dict.fromkeys(criteria, by) if review.approved else {}
    return accepted | _boxes(criteria, review.comments, by)


def _boxes(criteria: Sequence[str], text: str, like: Verdict) -> dict[str, Verdict]:
    ticks = {_plain(words): (mark != " ", note) for mark, words, note in BOX.findall(text)}
    return {each: _with(like, *ticks[_plain(each)]) for each in criteria if _plain(each) in ticks}


def _audited(criteria: Sequence[str], attempt: Attempt) -> dict[str, Verdict]:
    data = attempt.result_data
    if not isinstance(data, Mapping):
        return {}
    audit = next((data[name] for name in AUDITS if isinstance(data.get(name), Mapping)), data)
    by = next((str(audit[name]) for name in BYS if audit.get(name)), attempt.agent.title)
    like = Verdict(True, by, attempt.finished_at, attempt.number, "audit")
    found: dict[str, Verdict] = {}
    for text, answer, note in _answers(criteria, audit.get("criteria")):
        met = _yes_or_no(answer)
        if met is not None:
            found[text] = _with(like, met, note)
    return found


def _answers(criteria: Sequence[str], told: Any) -> Iterable[tuple[str, Any, str]]:
    known = {_plain(text): text for text in criteria}
    if isinstance(told, Mapping):
        told = [{"criterion": name, "met": answer} for name, answer in told.items()]
    for place, entry in enumerate(told if isinstance(told, list) else []):
        if not isinstance(entry, Mapping):
            entry = {"met": entry}
        name = next((str(entry[key]) for key in NAMES if entry.get(key)), criteria[place] if place < len(criteria) else "")
        note = next((str(entry[key]) for key in NOTES if entry.get(key)), "")
        answer = next((entry[key] for key in ANSWERS if key in entry), None)
        if _plain(name) in known:
            yield known[_plain(name)], answer, note


def _yes_or_no(answer: Any) -> bool | None:
    if isinstance(answer, bool):
        return answer
    word = str(answer).strip().lower()
    return True if word in YES else False if word in NO else None


def _with(like: Verdict, met: bool, note: str = "") -> Verdict:
    return Verdict(met, like.by, like.at, like.attempt, like.source, note)


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(".")


def _one_line(text: str) -> str:
    return " ".join(text.split())
