"""The scale of the timeline: order is kept, nothing leaves the drawing, long idle stretches are short."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coordination.queries.timescale import GAP_WIDTH, Scale, scale, ticks

START = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
END = START + timedelta(hours=30)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


minutes = st.floats(0, 30 * 60, allow_nan=False)
spans = st.lists(st.tuples(minutes, minutes).map(lambda pair: (at(min(pair)), at(max(pair)))), max_size=12)


@given(spans, st.lists(minutes, min_size=2), st.booleans())
def test_later_never_stands_further_left(busy: list[tuple[datetime, datetime]], moments: list[float], keep_idle: bool) -> None:
    drawn = scale(START, END, busy, keep_idle=keep_idle)
    places = [drawn.place(at(moment)) for moment in sorted(moments)]
    assert all(0 <= left <= right <= 100 for left, right in pairwise(places))


@given(spans)
def test_pieces_follow_each_other_without_a_hole(busy: list[tuple[datetime, datetime]]) -> None:
    pieces = scale(START, END, busy).pieces
    assert (pieces[0].start, pieces[0].left) == (START, 0.0)
    assert pieces[-1].end == END
    assert abs(pieces[-1].right - 100) < 1e-6
    for before, after in pairwise(pieces):
        assert before.end == after.start
        assert before.right == after.left


@given(spans)
def test_what_is_busy_is_never_drawn_short(busy: list[tuple[datetime, datetime]]) -> None:
    for gap in scale(START, END, busy).gaps:
        assert not any(begin < gap.end and gap.start < end for begin, end in busy)


def test_a_night_is_drawn_short_unless_asked_for() -> None:
    busy = [(at(0), at(120)), (at(1200), END)]
    (gap,) = scale(START, END, busy).gaps
    assert (gap.start, gap.end) == (at(120), at(1200))
    assert round(gap.width, 6) == GAP_WIDTH
    assert scale(START, END, busy, keep_idle=True).gaps == []


def test_moments_outside_stand_at_the_ends() -> None:
    drawn = scale(START, END, [])
    assert drawn.place(START - timedelta(days=1)) == 0
    assert drawn.place(END + timedelta(days=1)) == 100


@given(spans)
def test_ticks_are_round_and_can_be_read(busy: list[tuple[datetime, datetime]]) -> None:
    found = ticks(scale(START, END, busy))
    assert all(tick.at.second % 5 == 0 and tick.at.microsecond == 0 for tick in found)
    assert all(after.left - before.left >= 7.5 for before, after in pairwise(found))


def test_the_first_tick_of_a_day_names_the_day() -> None:
    found = ticks(scale(START, END, [(START, END)]))
    days = [tick.at.date() for tick in found if tick.is_new_day]
    assert days == sorted(set(days))
    assert len(days) == 2


def test_ticks_keep_clear_of_now() -> None:
    drawn: Scale = scale(START, END, [(START, END)])
    crowded = ticks(drawn)[2].left
    assert crowded not in [tick.left for tick in ticks(drawn, clear_of=[crowded + 1])]
