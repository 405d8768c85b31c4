"""One word for one thing: every event has words, agents go by their titles, shares are rounded in one way."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

import coordination
from coordination.queries.event_kinds import KINDS as KNOWN
from coordination.queries.explain import Reason
from coordination.queries.shares import percent
from webui import words
from webui.templatetags.muster import duration, relative
from webui.templatetags.taskpage import with_link

ROOT = Path(coordination.__file__).parent.parent
ROOMS = ("coordination", "webui", "cli/tqc")
NOT_EVENTS = {"attempt.id", "phase.md"}
KINDS = re.compile(rf"({'|'.join([*words.OF_EVENT, 'user', 'muster'])})\.[a-z_]+")


def kinds_of_events() -> set[str]:
    """Return every kind of event that the source names, and those that are told of a remark."""
    found = {f"comment.{how}" for how in ("resolved", "reopened", "deleted", "restored")}
    for file in Path(coordination.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and KINDS.fullmatch(node.value):
                found.add(node.value)
    return found - NOT_EVENTS


def test_every_kind_of_event_has_words_with_its_task_and_without() -> None:
    kinds = kinds_of_events()
    assert len(kinds) > 70
    assert not kinds - words.EVENT_WORDS.keys(), "these have no words"
    assert words.EVENT_WORDS.keys() == KNOWN, "these are what a webhook may ask for"
    for kind in sorted(kinds):
        named, alone, here = (
            words.of_event(kind),
            words.of_event(kind, names_task=False),
            words.of_event(kind, names_task=False, is_here=True),
        )
        assert named, kind
        assert not kind.startswith("task.") or re.search(r"\bits?\b", here), f"{kind}: {here!r} leaves out what it was done to"
        assert alone, kind
        if kind.startswith(words.OF_TASKS):
            assert alone.rsplit(" ", 1)[-1] not in words.TIES, f"{kind}: {alone!r} speaks of something that does not follow"


def test_shares_are_rounded_half_up_and_only_all_of_it_is_a_hundred() -> None:
    shares = [(2, 16), (1, 3), (2, 3), (199, 200), (200, 200), (0, 7), (0, 0)]
    assert [percent(part, whole) for part, whole in shares] == [13, 33, 67, 99, 100, 0, 0]


def test_a_duration_does_not_break_in_a_line() -> None:
    assert duration(97_200).split(" ") == ["1\N{NO-BREAK SPACE}d\N{NO-BREAK SPACE}3\N{NO-BREAK SPACE}h"]


def test_the_task_of_a_reason_is_a_link_and_all_else_is_text() -> None:
    reason = Reason("dependency", "It waits for #5 <b>#6</b> & more to be done.", {"task": 5})
    assert with_link(reason) == 'It waits for <a href="/t/5/">#5</a> &lt;b&gt;#6&lt;/b&gt; &amp; more to be done.'
    assert with_link(Reason("phase", "Its phase <i> starts after #5 x.")) == "Its phase &lt;i&gt; starts after #5 x."


def test_a_task_is_cancelled_in_one_word_everywhere() -> None:
    said = [*ROOT.glob("webui/**/*.html"), *ROOT.glob("docs/*.md"), *(each for room in ROOMS for each in ROOT.glob(f"{room}/**/*.py"))]
    assert [each for each in said if re.search(r"\bcall(s|ed|ing)?( \w+)? off\b", each.read_text("utf-8"), re.IGNORECASE)] == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "now"),
        (59, "59 s ago"),
        (119, "1 min ago"),
        (2.9 * 3600, "2 h ago"),
        (-89, "in 1 min"),
        (-6.8 * 3600, "in 7 h"),
        (-86_400, "in 1 d"),
    ],
)
def test_an_age_is_counted_in_full_and_what_is_to_come_is_rounded(seconds: float, words: str) -> None:
    assert relative(timedelta(seconds=seconds)).replace("\N{NO-BREAK SPACE}", " ") == words
