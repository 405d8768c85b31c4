"""Where moments stand on the timeline: from left to right in percent, with stretches in which nothing ran drawn short. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]

GAP_WIDTH = 2.2  # percent of an idle stretch that is drawn short
SHORTEST_GAP = timedelta(minutes=2)
GAP_SHARE = 0.07  # of the whole: a shorter idle stretch is drawn as it is
MOST_GAPS = 20
TICKS = 9
CLOSEST_TICKS = 7.5  # percent
WRITTEN = 6.5  # percent that the words of a tick take
ROUND = {"seconds": (5, 15, 30), "minutes": (1, 2, 5, 10, 15, 30), "hours": (1, 2, 3, 6, 12), "days": (1, 2, 7, 14, 28)}
STEPS = [timedelta(**{unit: count}) for unit, counts in ROUND.items() for count in counts]


@dataclass(frozen=True)
class Piece:
    """A stretch of time and where it is drawn, in percent. `is_idle`: drawn shorter than it is."""

    start: datetime
    end: datetime
    left: float
    right: float
    is_idle: bool = False

    @property
    def lasts(self) -> timedelta:
        return self.end - self.start

    @property
    def width(self) -> float:
        return self.right - self.left


@dataclass(frozen=True)
class Tick:
    at: datetime
    left: float
    is_new_day: bool


@dataclass(frozen=True)
class Scale:
    """A row of pieces from 0 to 100 percent. Moments outside are drawn at its ends."""

    pieces: tuple[Piece, ...]

    def place(self, moment: datetime) -> float:
        number = max(0, bisect_right(self.pieces, moment, key=lambda piece: piece.start) - 1)
        piece = self.pieces[number]
        share = (moment - piece.start) / piece.lasts if piece.lasts else 0.0
        return round(piece.left + piece.width * min(1.0, max(0.0, share)), 3)

    @property
    def gaps(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.is_idle]

    @property
    def percent_per_second(self) -> float:
        """How fast the last piece, in which now lies, grows."""
        last = self.pieces[-1]
        return last.width / last.lasts.total_seconds() if last.lasts else 0.0


def scale(start: datetime, end: datetime, busy: Iterable[Span], *, keep_idle: bool = False) -> Scale:
    """Return the scale from `start` to `end`; what lies between `busy` spans is idle and, if long, drawn short."""
    end = max(end, start + timedelta(seconds=1))
    gaps = [] if keep_idle else _gaps(start, end, busy)
    drawn = (end - start) - sum((gap[1] - gap[0] for gap in gaps), timedelta())
    if not drawn:  # idle all the time
        gaps, drawn = [], end - start
    room = 100 - GAP_WIDTH * len(gaps)
    pieces: list[Piece] = []
    at, left = start, 0.0
    for gap_start, gap_end in [*gaps, (end, end)]:
        if gap_start > at:
            right = left + room * ((gap_start - at) / drawn)
            pieces.append(Piece(at, gap_start, left, right))
            left = right
        if gap_end > gap_start:
            pieces.append(Piece(gap_start, gap_end, left, left + GAP_WIDTH, is_idle=True))
            left += GAP_WIDTH
        at = gap_end
    return Scale(tuple(pieces))


def ticks(of: Scale, *, clear_of: Iterable[float] = ()) -> list[Tick]:
    """Return round moments of the scale's time zone, far enough from each other, from idle stretches and `clear_of` to be written."""
    taken = [*((gap.left + gap.right) / 2 for gap in of.gaps), *clear_of]
    busy = sum((piece.lasts for piece in of.pieces if not piece.is_idle), timedelta())
    step = next((each for each in STEPS if busy / each <= TICKS), STEPS[-1])
    found: list[Tick] = []
    for piece in of.pieces:
        if piece.is_idle:
            continue
        moment = _first_tick(piece.start, step)
        while moment <= piece.end:
            left = of.place(moment)
            crowded = (found and left - found[-1].left < CLOSEST_TICKS) or any(-3 < place - left < WRITTEN for place in taken)
            if not crowded and left <= 100 - WRITTEN:
                found.append(Tick(moment, left, not found or found[-1].at.date() != moment.date()))
            moment += step
    return found


def _first_tick(start: datetime, step: timedelta) -> datetime:
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    whole = -(-(start - midnight) // step)
    return midnight + whole * step


def _gaps(start: datetime, end: datetime, busy: Iterable[Span]) -> list[Span]:
    """Return the longest idle stretches, in order."""
    shortest = max(SHORTEST_GAP, (end - start) * GAP_SHARE)
    idle = [span for span in _between(start, end, sorted(busy)) if span[1] - span[0] >= shortest]
    # Once a night is drawn short, an hour is long: judge the rest against what is left.
    left = (end - start) - sum((span[1] - span[0] for span in idle), timedelta())
    again = max(SHORTEST_GAP, left * GAP_SHARE * 2)
    idle = [span for span in _between(start, end, sorted(busy)) if span[1] - span[0] >= min(shortest, again)]
    return sorted(sorted(idle, key=lambda span: span[0] - span[1])[:MOST_GAPS])


def _between(start: datetime, end: datetime, busy: Sequence[Span]) -> Iterable[Span]:
    at = start
    for begin, finish in busy:
        if begin > at:
            yield at, min(begin, end)
        at = max(at, finish)
        if at >= end:
            return
    if at < end:
        yield at, end
