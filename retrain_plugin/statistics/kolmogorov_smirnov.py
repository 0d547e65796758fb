"""The two-sample Kolmogorov-Smirnov statistic from counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstwobign


def ks(reference: NDArray[Any], window: NDArray[Any]) -> NDArray[np.float64]:
    """The largest distance D between two distribution functions, from counts over the same ordered bins.

    Seen at the bins' edges only, so D is too small by at most the largest bin's share on either
    side, and exact where every distinct value has a bin. Over the last axis; both arguments
    broadcast; 0 where a side is empty.
    """
    ours, theirs = np.asarray(reference, dtype=np.float64), np.asarray(window, dtype=np.float64)
    distance: NDArray[np.float64] = np.abs(_distribution(ours) - _distribution(theirs)).max(axis=-1, initial=0.0)
    return np.where((ours.sum(axis=-1) > 0) & (theirs.sum(axis=-1) > 0), distance, 0.0)


def ks_probability(distance: float, rows: float) -> float:
    """The chance of such a D or a larger one where nothing changed: the asymptotic two-sided distribution.

    `rows` is ``n * m / (n + m)`` for n and m independent rows (Kolmogorov 1933, Smirnov 1939),
    less where rows depend on one another.
    """
    return float(kstwobign.sf(distance * np.sqrt(rows)))


def ks_critical(probability: float, rows: float) -> float:
    """The D whose :func:`ks_probability` is this."""
    return float(min(1.0, kstwobign.isf(probability) / np.sqrt(max(rows, 1e-9))))


def _distribution(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = counts.sum(axis=-1, keepdims=True)
    return np.cumsum(counts, axis=-1) / np.where(total > 0, total, 1.0)
