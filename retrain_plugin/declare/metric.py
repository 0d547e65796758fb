"""The metrics a model can be judged by: what each needs, which way is better, on what scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from retrain_plugin.errors import DeclarationError

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Metric:
    """One metric.

    `needs` is what it compares with the truth: ``scores`` (a ranking), ``probabilities``,
    ``labels`` (predicted classes) or ``values`` (a regression's predictions). Where `unit_free`
    is false (RMSE is in the target's own unit), tolerances are fractions of the champion's score.
    """

    name: str
    task: Task
    needs: Literal["scores", "probabilities", "labels", "values"]
    greater_is_better: bool
    unit_free: bool = True

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return 1 if self.greater_is_better else -1


METRICS = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", "classification", "scores", True),
        Metric("average_precision", "classification", "scores", True),
        Metric("log_loss", "classification", "probabilities", False, unit_free=False),
        Metric("brier", "classification", "probabilities", False),
        Metric("accuracy", "classification", "labels", True),
        Metric("balanced_accuracy", "classification", "labels", True),
        Metric("precision", "classification", "labels", True),
        Metric("recall", "classification", "labels", True),
        Metric("f1", "classification", "labels", True),
        Metric("rmse", "regression", "values", False, unit_free=False),
        Metric("mae", "regression", "values", False, unit_free=False),
        Metric("r2", "regression", "values", True),
    )
}


def metric_named(name: str, *, field: str = "metric") -> Metric:
    """Look a metric up.

    Raises:
        DeclarationError: no metric of that name.
    """
    if not isinstance(name, str) or name not in METRICS:
        raise DeclarationError(f"{field}={name!r} is not a known metric: choose one of {', '.join(METRICS)}")
    return METRICS[name]
