"""Fitting, and what it cost."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

from sklearn.base import BaseEstimator

from retrain_plugin.data.rows import Rows
from retrain_plugin.declare.model import Model
from retrain_plugin.errors import TrainingError


@dataclass(frozen=True)
class Cost:
    """What a fit took: wall seconds, rows, and the process's peak memory in MB so far."""

    seconds: float
    rows: int
    peak_memory_mb: float


def fit(model: Model, estimator: BaseEstimator, rows: Rows) -> tuple[BaseEstimator, Cost]:
    """Fit an unfitted estimator on some rows, in place.

    Raises:
        TrainingError: whatever the estimator raised, with the model, the window and the rows.
    """
    started = time.perf_counter()
    try:
        estimator.fit(rows.frame, rows.target)
    except Exception as error:
        raise TrainingError(
            f"model {model.name!r}, window {rows.window}, {len(rows)} rows: {type(estimator).__name__} "
            f"does not fit: {error}. Correct {model.estimator} or the features; the champion keeps serving"
        ) from error
    return estimator, Cost(time.perf_counter() - started, len(rows), peak_memory_mb())


def peak_memory_mb() -> float:
    """The most memory this process has had so far."""
    # ru_maxrss counts kilobytes on Linux and bytes on macOS.
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
