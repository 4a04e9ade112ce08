"""Numbers in answers of providers, which may hold anything."""

import math


def number(told: object) -> float | None:
    """Return a number; None where there is none."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    try:
        found = float(told)
    except OverflowError:  # an integer may have any length
        return None
    return found if math.isfinite(found) else None


def seconds(told: object) -> float | None:
    """Return a time; None where there is none."""
    found = number(told)
    return found if found is not None and found >= 0 else None
