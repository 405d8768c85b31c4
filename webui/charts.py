"""Small charts: numbers in, shapes for SVG and a table with the same numbers out. No drawing library, no script.

A chart is stretched to the width of its place, so its shapes carry no text: labels of the axes are text beside it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

STEP = 10  # units of width for each point
HEIGHT = 100.0
GRIDLINES = 4  # at most
MOST_LABELS = 6
DENSE = 40
WEEK = 7  # every day of a week has a label
TIME_STEPS: list[float] = [  # in seconds
    *(float(factor) for factor in (1, 2, 5, 10, 15, 30)),
    *(60.0 * factor for factor in (1, 2, 5, 10, 15, 30)),
    *(3600.0 * factor for factor in (1, 2, 3, 6, 12)),
    *(86_400.0 * factor * 10**power for power in range(7) for factor in (1, 2, 5)),
]
SMALLEST_BAR = 0.8  # a bar of next to nothing is still seen


@dataclass(frozen=True)
class Point:
    """One value: None where there is none. `said` is the value in words, `url` what it counts."""

    label: str
    value: float | None
    said: str
    url: str = ""


@dataclass(frozen=True)
class Series:
    """`look` names a class of charts.css: lines differ by dashes and bars by their legend, never by colour alone."""

    name: str
    look: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Shape:
    """A bar (x, y, width, height) or the dot of a line (width 0)."""

    look: str
    x: str
    y: str
    width: str
    height: str
    said: str
    url: str


@dataclass(frozen=True)
class Tick:
    y: str
    label: str


@dataclass(frozen=True)
class Label:
    """A word at the foot, below the middle of its point: `x` in percent of the width. The last of many ends where the plot ends."""

    x: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Row:
    label: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Chart:
    """A drawn chart. `says` is its content in a sentence, `means` how its figures are counted."""

    key: str
    title: str
    says: str
    means: str
    width: int
    ticks: list[Tick]
    labels: list[Label]
    shapes: list[Shape]
    lines: list[tuple[str, str]]  # look and path
    legend: list[Series]
    rows: list[Row]

    @property
    def is_empty(self) -> bool:
        return all(point.value is None for row in self.rows for point in row.points)

    @property
    def is_dense(self) -> bool:
        """Whether dots of the usual size would run together."""
        return len(self.rows) > DENSE


@dataclass(frozen=True)
class Bar:
    """One row of a list of bars that lie on their side; `share` is of the longest, in thousandths."""

    point: Point
    share: int
    more: str = ""


def bars(key: str, title: str, series: Series, *, says: str, means: str, unit: Callable[[float], str] = lambda v: f"{v:,.10g}") -> Chart:
    """Draw one bar for each point."""
    step = plain_step([point.value for point in series.points])
    top = _top(step, [point.value for point in series.points])
    shapes = [
        Shape(
            series.look,
            f"{place * STEP + 1.5:g}",
            _y(max(point.value, top * SMALLEST_BAR / HEIGHT), top),
            f"{STEP - 3:g}",
            f"{HEIGHT * max(point.value, top * SMALLEST_BAR / HEIGHT) / top:.2f}",
            f"{point.label}: {point.said}",
            point.url,
        )
        for place, point in enumerate(series.points)
        if point.value
    ]
    return _chart(key, title, says, means, [series], _Scale(step, top, unit), shapes, [])


def lines(
    key: str,
    title: str,
    series: Sequence[Series],
    *,
    says: str,
    means: str,
    unit: Callable[[float], str] = lambda v: f"{v:,.10g}",
    step_of: Callable[[Sequence[float | None]], float] | None = None,
) -> Chart:
    """Draw each series as a line with a dot at each point; where there is no value the line goes on to the next."""
    values = [point.value for each in series for point in each.points]
    step = (step_of or plain_step)(values)
    top = _top(step, values)
    shapes = [
        Shape(
            each.look,
            f"{place * STEP + STEP / 2:g}",
            _y(point.value, top),
            "0",
            "0",
            f"{point.label}, {each.name}: {point.said}",
            point.url,
        )
        for each in series
        for place, point in enumerate(each.points)
        if point.value is not None
    ]
    paths = [(each.look, path) for each in series if (path := _path(each.points, top))]
    return _chart(key, title, says, means, series, _Scale(step, top, unit), shapes, paths)


def lying_bars(points: Iterable[tuple[Point, str]]) -> list[Bar]:
    """Return bars that lie on their side, each with more words behind its value."""
    listed = list(points)
    longest = max((point.value or 0 for point, _ in listed), default=0) or 1
    return [Bar(point, max(2, round(1000 * (point.value or 0) / longest)) if point.value else 0, more) for point, more in listed]


def plain_step(values: Iterable[float | None]) -> float:
    """Return the distance of gridlines that suits the values: one, two or five times a power of ten, whole from one on."""
    highest = max((value for value in values if value is not None), default=0) or 1
    step = highest / GRIDLINES
    power: float = 10.0 ** math.floor(math.log10(step))
    nice = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step - 1e-9)
    return max(nice, 1.0) if highest >= 1 else nice


def time_step(values: Iterable[float | None]) -> float:
    """The same for seconds: gridlines at whole seconds, minutes, hours or days."""
    highest = max((value for value in values if value is not None), default=0) or 1
    return next(step for step in TIME_STEPS if step * GRIDLINES >= highest)


def in_time(value: float) -> str:
    """Return a length of time in its largest unit, short enough for an axis."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} s"


@dataclass(frozen=True)
class _Scale:
    step: float
    top: float
    unit: Callable[[float], str]

    @property
    def parts(self) -> int:
        return round(self.top / self.step)


def _top(step: float, values: Iterable[float | None]) -> float:
    highest = max((value for value in values if value is not None), default=0)
    return step * max(1, math.ceil(highest / step - 1e-9))


def _chart(
    key: str,
    title: str,
    says: str,
    means: str,
    series: Sequence[Series],
    scale: "_Scale",
    shapes: list[Shape],
    paths: list[tuple[str, str]],
) -> Chart:
    points = series[0].points
    ticks = [Tick(_y(scale.step * part, scale.top), scale.unit(scale.step * part)) for part in range(scale.parts, -1, -1)]
    rows = [Row(point.label, [each.points[place] for each in series]) for place, point in enumerate(points)]
    return Chart(key, title, says, means, STEP * len(points), ticks, _labels(points), shapes, paths, list(series), list(reversed(rows)))


def _labels(points: Sequence[Point]) -> list[Label]:
    """Return labels for the foot: the last, and others before it in equal steps."""
    count, last = len(points), len(points) - 1
    step = 1 if count <= WEEK else math.ceil(last / (MOST_LABELS - 1))
    labels = [Label(f"{100 * (place + 0.5) / count:.2f}", points[place].label) for place in range(last % step, count, step)]
    return labels if count <= WEEK else [*labels[:-1], Label("100", points[last].label, "end")]


def _y(value: float, top: float) -> str:
    return f"{HEIGHT - HEIGHT * value / top:.2f}"


def _path(points: Sequence[Point], top: float) -> str:
    places = [(place * STEP + STEP / 2, point.value) for place, point in enumerate(points) if point.value is not None]
    return "M" + " L".join(f"{x:g} {_y(value, top)}" for x, value in places) if len(places) > 1 else ""
