"""Do two sets of counts come from one distribution, when the rows of a day resemble one another?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, f

from retrain_plugin.statistics.profile import Counts


@dataclass(frozen=True)
class Homogeneity:
    """A comparison of counts over B groups, corrected for rows that depend on one another within a day.

    Parameters:
        statistic: Pearson's chi-square of the two-row contingency table.
        probability: the chance of such a statistic, or a larger one, where nothing changed.
        critical: the statistic at which that chance falls to `level`.
        inflation: the largest design effect, 1 for independent rows: rows count as if they were
            that many times fewer.
    """

    statistic: float
    probability: float
    critical: float
    inflation: float


def homogeneity(
    reference: Counts,
    window: Counts,
    *,
    daily: Counts | None = None,
    days: float = 1.0,
    level: float = 0.05,
    at_most: float = float("inf"),
) -> Homogeneity:
    """Compare counts of shape (B,) with a reference's, of the same shape.

    `daily`, int64 of shape (D, B), are the reference's counts by day and `days` the window's
    length; with them the second-order correction of Rao and Scott (1981, 1984) for clustered
    samples holds, its scatter matrix estimated from the days' totals, its tail that of F
    (Thomas & Rao 1987). Never less careful than for independent rows. Groups empty on both sides
    are left out; with fewer than two the probability is 1. A statistic that follows the same law
    and is smaller, given as `at_most`, is tested in Pearson's place.
    """
    kept = (reference + window) > 0
    n, m = float(reference.sum()), float(window.sum())
    if kept.sum() < 2 or n == 0 or m == 0:
        return Homogeneity(0.0, 1.0, float("inf"), 1.0)
    theirs, ours = window[kept] / m, reference[kept] / n
    pooled = (window[kept] + reference[kept]) / (n + m)
    scale = 1 / n + 1 / m
    statistic = min(float(((theirs - ours) ** 2 / pooled).sum() / scale), at_most)
    freedom = float(kept.sum() - 1)
    active = None if daily is None else daily[daily.sum(axis=1) > 0][:, kept]
    if active is None or len(active) < 8:
        return Homogeneity(statistic, float(chi2.sf(statistic, freedom)), float(chi2.isf(level, freedom)), 1.0)
    spread = _spread(active, pooled, scale, n, m, days)
    mean, square = max(np.trace(spread), freedom), max(float((spread**2).sum()), freedom)
    shape = mean**2 / square
    within = shape * (len(active) - 1)
    return Homogeneity(
        statistic=statistic,
        probability=float(f.sf(statistic / mean, shape, within)),
        critical=float(f.isf(level, shape, within) * mean),
        inflation=float(max(np.linalg.eigvalsh(spread)[-1], 1.0)),
    )


def _spread(
    daily: NDArray[np.int64], shares: NDArray[np.float64], scale: float, n: float, m: float, days: float
) -> NDArray[np.float64]:
    """The scatter of the scaled difference of shares; for independent rows a projection of rank B - 1."""
    size = daily.sum(axis=1, keepdims=True)
    own = daily.sum(axis=0) / size.sum()
    scaled = (daily - size * own) / np.sqrt(np.where(shares > 0, shares, 1.0))
    clustered = len(daily) / (len(daily) - 1) * (scaled.T @ scaled) / float(size.sum())
    root = np.sqrt(shares)
    independent = np.diag(np.ones_like(root)) - np.outer(root, root)
    # A design effect grows with the rows a day has: 1 + (rows - 1) * correlation (Kish 1965).
    density = (m / max(days, 1e-9)) / float(size.mean())
    ours = independent + (clustered - independent) * max(density, 0.0)
    whole: NDArray[np.float64] = (clustered / n + ours / m) / scale
    return whole
