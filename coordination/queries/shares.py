"""Shares in percent: one way to round them, so that the same share reads the same on every page."""


def percent(part: int, whole: int) -> int:
    """Return how many percent of the whole a part is, halves rounded up; 100 only if it is all of it, and 0 of nothing."""
    rounded = (200 * part + whole) // (2 * whole) if whole else 0
    return min(rounded, 99) if part < whole else rounded
