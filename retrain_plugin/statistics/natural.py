"""How far a reference's own windows lie from the rest of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_plugin.statistics.profile import Counts, Daily

Statistic = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]]


def own_windows(daily: Daily | None, days: int) -> tuple[Counts, Counts]:
    """Every window of `days` days within a reference, and all else of it.

    Two int64 arrays of shape (windows, groups); both empty where the reference is not at least
    three windows long, for then "the rest" is no reference.
    """
    counts = np.empty((0, 0), dtype=np.int64) if daily is None else daily.counts
    if days < 1 or len(counts) < 3 * days:
        return counts[:0], counts[:0]
    running = np.vstack([np.zeros_like(counts[:1]), np.cumsum(counts, axis=0)])
    windows = running[days:] - running[:-days]
    kept = windows.sum(axis=1) > 0
    return windows[kept], (running[-1] - windows)[kept]


def natural_variation(daily: Daily | None, days: int, statistic: Statistic) -> float | None:
    """The largest `statistic` of a reference's own windows against its rest; None where it is too short."""
    windows, rest = own_windows(daily, days)
    return float(statistic(rest, windows).max()) if len(windows) else None


def windows_before(daily: Daily | None, days: int, start: date) -> tuple[Counts | None, Counts, Counts]:
    """A reference's last window that ends before `start`, and all pairs of its windows that far apart.

    The window's counts, int64 of shape (groups,), or None; and two arrays of shape (pairs, groups),
    empty where there are fewer than eight pairs.
    """
    none = np.empty((0, 0), dtype=np.int64)
    if daily is None or days < 1:
        return None, none, none
    counts = daily.counts
    end = min(len(counts), (start - daily.first).days)
    if end < days:
        return None, none, none
    lag = days + (start - daily.first).days - end
    running = np.vstack([np.zeros_like(counts[:1]), np.cumsum(counts, axis=0)])
    windows = running[days:] - running[:-days]
    last = running[end] - running[end - days]
    if last.sum() == 0 or len(windows) - lag < 8:
        return None, none, none
    earlier, later = windows[:-lag], windows[lag:]
    kept = (earlier.sum(axis=1) > 0) & (later.sum(axis=1) > 0)
    return last, earlier[kept], later[kept]
