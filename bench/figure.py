"""What a row found: one number, what it is held against, and whether that is good enough."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """`ratio` is value / baseline. `met` is None where no goal is set: the figure only explains another one."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def note(name: str, value: float, unit: str, baseline: float | None = None) -> Figure:
    return Figure(name, _rounded(value), unit, _maybe(baseline), _ratio(value, baseline))


def at_most(name: str, value: float, unit: str, limit: float, baseline: float | None = None) -> Figure:
    return Figure(name, _rounded(value), unit, _maybe(baseline), _ratio(value, baseline), f"<= {limit:g} {unit}", value <= limit)


def at_least_times(name: str, value: float, unit: str, baseline: float, times: float) -> Figure:
    ratio = value / baseline
    return Figure(name, _rounded(value), unit, _rounded(baseline), _rounded(ratio), f">= {times:g} x baseline", ratio >= times)


def _ratio(value: float, baseline: float | None) -> float | None:
    return None if not baseline else _rounded(value / baseline)


def _maybe(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _rounded(value: float) -> float:
    """Keep three significant digits: the next one differs from run to run."""
    return float(f"{value:.3g}") if abs(value) < 1000 else float(round(value))
