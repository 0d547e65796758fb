"""How good predictions are beyond one number: calibration and confusion of classes, residuals of values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_plugin.statistics.predictions import Predictions

_GROUPS, _BINS, _CLASSES = 10, 20, 12


@dataclass(frozen=True)
class Quality:
    """What a picture of predictions needs, as counts and means only.

    Parameters:
        classes: names of the classes, the most frequent ones; none for values.
        confusion: rows by true class (outer) and predicted class (inner), in the order of `classes`.
        calibration: of a probability, by tenth of the rows: mean predicted, share that was so, rows.
        residuals: histogram of truth minus prediction: lower bound, upper bound, rows.
        bias: mean residual.
        spread: root mean square of the residuals.
    """

    classes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    calibration: tuple[tuple[float, float, int], ...] = ()
    residuals: tuple[tuple[float, float, int], ...] = ()
    bias: float = 0.0
    spread: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self)


def quality(truth: NDArray[Any], predicted: Predictions) -> Quality:
    """Of n rows; `truth` has shape (n,) and no missing values."""
    if predicted.scores is None and predicted.classes is None and np.issubdtype(predicted.values.dtype, np.floating):
        return _of_values(truth.astype(np.float64), predicted.values.astype(np.float64))
    names, counts = np.unique(np.concatenate([truth, predicted.values]).astype(str), return_counts=True)
    shown = sorted(names[np.argsort(-counts, kind="stable")[:_CLASSES]])
    said, was = predicted.values.astype(str), truth.astype(str)
    confusion = tuple(tuple(int(((was == a) & (said == b)).sum()) for b in shown) for a in shown)
    return Quality(classes=tuple(map(str, shown)), confusion=confusion, calibration=_calibration(truth, predicted))


def _calibration(truth: NDArray[Any], predicted: Predictions) -> tuple[tuple[float, float, int], ...]:
    """Reliability of a binary classifier's probabilities by groups of equal size (DeGroot & Fienberg 1983)."""
    if not predicted.probabilities or predicted.scores is None or predicted.scores.ndim != 1:
        return ()
    assert predicted.classes is not None
    positive = truth == predicted.classes[1]
    order = np.argsort(predicted.scores, kind="stable")
    groups = [rows for rows in np.array_split(order, _GROUPS) if len(rows)]
    return tuple((float(predicted.scores[rows].mean()), float(positive[rows].mean()), len(rows)) for rows in groups)


def _of_values(truth: NDArray[np.float64], values: NDArray[np.float64]) -> Quality:
    residuals = truth - values
    # The outermost hundredths count in the end bins: one outlier must not flatten the picture.
    low, high = np.quantile(residuals, [0.01, 0.99])
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    counts, _ = np.histogram(np.clip(residuals, edges[0], edges[-1]), edges)
    bars = tuple((float(a), float(b), int(n)) for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True))
    spread = float(np.sqrt(np.mean(residuals**2)))
    return Quality(residuals=bars, bias=float(residuals.mean()), spread=spread)
