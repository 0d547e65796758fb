"""Metrics of predictions against the truth, weighted so that resampling needs no copies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from retrain_plugin.declare.metric import Metric
from retrain_plugin.errors import TrainingError
from retrain_plugin.statistics.predictions import Predictions

Weights = NDArray[np.int64] | None
Scorer = Callable[[Weights], float]


def scorer(metric: Metric, truth: NDArray[Any], predicted: Predictions) -> Scorer:
    """A function from row weights (int64, shape (n,), or None for one each) to the metric's value.

    What does not depend on the weights is done once, here. Precision, recall and F1 are those of
    the second class for two classes and the macro average for more; ROC AUC and average precision
    are one-vs-rest macro averages for more than two. A resample that lacks a class gives NaN.

    Raises:
        TrainingError: the estimator gives no scores, or no probabilities, and the metric needs them.
    """
    if metric.function:
        return partial(_of_ones_own, _imported(metric), truth, predicted.values)
    if metric.needs == "values":
        return partial(_of_values, metric.name, truth.astype(np.float64), predicted.values.astype(np.float64))
    classes = np.unique(truth) if predicted.classes is None else predicted.classes
    if metric.needs == "labels":
        return partial(_of_labels, metric.name, truth, predicted.values, classes)
    if predicted.scores is None or (metric.needs == "probabilities" and not predicted.probabilities):
        wanted = "predict_proba" if metric.needs == "probabilities" else "predict_proba or decision_function"
        raise TrainingError(f"metric {metric.name!r} needs an estimator with {wanted}; choose another of the two")
    if metric.name in ("log_loss", "brier"):
        return partial(_of_probabilities, metric.name, truth, predicted.scores, classes)
    ranking = _ranked_auc if metric.name == "roc_auc" else _average_precision
    if predicted.scores.ndim == 1:
        return ranking(truth == classes[-1], predicted.scores)
    each = [ranking(truth == one, predicted.scores[:, column]) for column, one in enumerate(classes)]
    return lambda weights: float(np.mean([score(weights) for score in each]))


def score(metric: Metric, truth: NDArray[Any], predicted: Predictions) -> float:
    """The metric's value on all rows, each counted once."""
    return scorer(metric, truth, predicted)(None)


def _ranked_auc(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Scorer:
    """ROC AUC as the share of (negative, positive) pairs in the right order, ties counting half.

    The Mann-Whitney form (Hanley & McNeil 1982): sorting once and then summing weights per
    distinct score makes a resample some thirty times cheaper than sorting it again.
    """
    distinct, group = np.unique(scores, return_inverse=True)
    count = len(distinct)

    def auc(weights: Weights) -> float:
        mass = np.ones(len(group)) if weights is None else weights.astype(np.float64)
        positives = np.bincount(group, mass * positive, minlength=count)
        negatives = np.bincount(group, mass * ~positive, minlength=count)
        pairs = positives.sum() * negatives.sum()
        if pairs == 0:
            return float("nan")
        return float(positives @ (np.cumsum(negatives) - negatives / 2) / pairs)

    return auc


def _average_precision(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Scorer:
    def precision(weights: Weights) -> float:
        if not (positive if weights is None else positive & (weights > 0)).any():
            return float("nan")
        return float(sk.average_precision_score(positive, scores, sample_weight=weights))

    return precision


def _of_probabilities(
    name: str, truth: NDArray[Any], scores: NDArray[np.float64], classes: NDArray[Any], weights: Weights
) -> float:
    if name == "log_loss":
        return float(sk.log_loss(truth, scores, sample_weight=weights, labels=classes))
    binary = scores.ndim == 1
    hit = (truth == classes[-1]).astype(np.float64) if binary else (truth[:, None] == classes).astype(np.float64)
    squares = (hit - scores) ** 2
    return float(np.average(squares if binary else squares.sum(axis=1), weights=weights))


def _of_labels(name: str, truth: NDArray[Any], labels: NDArray[Any], classes: NDArray[Any], weights: Weights) -> float:
    if name == "accuracy":
        return float(np.average(truth == labels, weights=weights))
    if name == "balanced_accuracy":
        hits = [
            np.average(labels[rows] == one, weights=None if weights is None else weights[rows])
            for one in classes
            if (rows := (truth == one) if weights is None else (truth == one) & (weights > 0)).any()
        ]
        return float(np.mean(hits))
    function = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}[name]
    how = {"average": "binary", "pos_label": classes[-1]} if len(classes) <= 2 else {"average": "macro"}
    return float(function(truth, labels, labels=classes, sample_weight=weights, zero_division=0.0, **how))


def _of_values(name: str, truth: NDArray[np.float64], values: NDArray[np.float64], weights: Weights) -> float:
    if name == "mae":
        return float(np.average(np.abs(truth - values), weights=weights))
    squares = float(np.average((truth - values) ** 2, weights=weights))
    if name == "rmse":
        return float(np.sqrt(squares))
    spread = float(np.average((truth - np.average(truth, weights=weights)) ** 2, weights=weights))
    return 1 - squares / spread if spread > 0 else float("nan")


def _imported(metric: Metric) -> Callable[..., Any]:
    where, _, what = metric.function.partition(":")
    try:
        function: Callable[..., Any] = getattr(import_module(where), what)
    except (ImportError, AttributeError) as error:
        raise TrainingError(
            f"metric {metric.function!r} cannot be imported ({error}): put the module beside the DAG file or install "
            "it where the tasks run"
        ) from error
    return function


def _of_ones_own(function: Callable[..., Any], truth: NDArray[Any], values: NDArray[Any], weights: Weights) -> float:
    """A user's function knows no weights: a row drawn twice is given twice."""
    if weights is not None:
        truth, values = np.repeat(truth, weights), np.repeat(values, weights)
    return float(function(truth, values))
