"""Which features a fitted estimator lives by."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from retrain_plugin.declare.model import Model
from retrain_plugin.statistics.metrics import score
from retrain_plugin.training.predict import predict

# Shares of importance need no more rows than that, and cost a prediction a feature.
_MOST_ROWS = 5000


def importance(
    model: Model, estimator: BaseEstimator, frame: pd.DataFrame, truth: NDArray[np.generic]
) -> dict[str, float]:
    """Each feature's share of the loss in the model's metric when its column is shuffled (Breiman 2001).

    Of at most 5,000 of the rows. Losses below zero count as none; without any, all are alike.
    Deterministic for the model's seed.
    """
    random = np.random.default_rng(model.seed)
    if len(frame) > _MOST_ROWS:
        chosen = np.sort(random.choice(len(frame), _MOST_ROWS, replace=False))
        frame, truth = frame.iloc[chosen].reset_index(drop=True), truth[chosen]
    metric = model.judged_by
    whole = score(metric, truth, predict(model, estimator, frame, who="the challenger"))
    lost: dict[str, float] = {}
    for name in frame.columns:
        shuffled = frame.assign(**{str(name): frame[name].take(random.permutation(len(frame))).reset_index(drop=True)})
        without = score(metric, truth, predict(model, estimator, shuffled, who="the challenger"))
        lost[str(name)] = max(0.0, metric.sign * (whole - without))
    total = sum(lost.values())
    return {name: loss / total if total > 0 else 1 / len(lost) for name, loss in lost.items()}
