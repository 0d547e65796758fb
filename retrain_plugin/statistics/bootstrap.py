"""Intervals for one model's metric and for the difference between two on the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_plugin.declare.metric import Metric
from retrain_plugin.statistics.metrics import scorer
from retrain_plugin.statistics.predictions import Predictions


@dataclass(frozen=True)
class Estimate:
    """A value with its two-sided interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"

    def metrics(self, name: str) -> dict[str, float]:
        """As metrics of a run: the value by its name, and the ends of its interval."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


@dataclass(frozen=True)
class Comparison:
    """Champion and challenger on the same `rows`; `gain` is positive where the challenger is better."""

    challenger: Estimate
    champion: Estimate
    gain: Estimate
    rows: int


def estimate(
    metric: Metric,
    truth: NDArray[Any],
    predicted: Predictions,
    *,
    confidence: float,
    resamples: int,
    seed: int,
) -> Estimate:
    """The metric with its percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    `truth` has shape (n,). Deterministic for a seed.
    """
    value = scorer(metric, truth, predicted)
    drawn = np.array([value(weights) for weights in _resamples(len(truth), resamples, seed)])
    return _interval(value(None), drawn, confidence)


def compare(
    metric: Metric,
    truth: NDArray[Any],
    challenger: Predictions,
    champion: Predictions,
    *,
    confidence: float,
    resamples: int,
    seed: int,
) -> Comparison:
    """Paired percentile bootstrap: each resample of the rows is scored by both models.

    Pairing removes what both share, an easy or a hard week, from the difference (Efron &
    Tibshirani 1993, ch. 8). `truth` has shape (n,). Deterministic for a seed.
    """
    ours, theirs = scorer(metric, truth, challenger), scorer(metric, truth, champion)
    drawn = np.array([(ours(weights), theirs(weights)) for weights in _resamples(len(truth), resamples, seed)])
    now = ours(None), theirs(None)
    return Comparison(
        challenger=_interval(now[0], drawn[:, 0], confidence),
        champion=_interval(now[1], drawn[:, 1], confidence),
        gain=_interval(metric.sign * (now[0] - now[1]), metric.sign * (drawn[:, 0] - drawn[:, 1]), confidence),
        rows=len(truth),
    )


def _resamples(rows: int, count: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each row was drawn, `count` times over; int64, shape (rows,)."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield np.bincount(random.integers(0, rows, rows), minlength=rows)


def _interval(value: float, drawn: NDArray[np.float64], confidence: float) -> Estimate:
    """Resamples without a value (a class was not drawn) are left out; without any, the interval is unbounded."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Estimate(value, float("-inf"), float("inf"))
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(value, float(low), float(high))
