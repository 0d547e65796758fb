"""The metrics a model can be judged by: what each needs, which way is better, on what scale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from retrain_plugin.errors import DeclarationError

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Metric:
    """One metric, known by name or a user's own.

    `needs` is what it compares with the truth: ``scores`` (a ranking), ``probabilities``,
    ``labels`` (predicted classes) or ``values`` (a regression's predictions). Where `unit_free`
    is false (RMSE is in the target's own unit), tolerances are fractions of the champion's score.
    `function` is where a user's own is found, ``"module:function"``.
    """

    name: str
    task: Task
    needs: Literal["scores", "probabilities", "labels", "values"]
    greater_is_better: bool
    unit_free: bool = True
    function: str = ""

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


# scikit-learn's own convention: a function's name says which way is better.
_ENDINGS = {"_score": True, "_loss": False, "_error": False, "_deviance": False}
_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:([A-Za-z_]\w*)")


def metric_named(name: str, *, field: str = "metric", task: Task = "classification") -> Metric:
    """Look a metric up; one of a user's own is ``"module:function"``, called with truth and predicted labels or values.

    Its name ends as scikit-learn's do: ``_score`` where more is better, ``_loss``, ``_error`` or
    ``_deviance`` where less is. `task` is what it is for.

    Raises:
        DeclarationError: no metric of that name.
    """
    if isinstance(name, str) and (own := _OWN.fullmatch(name)):
        for ending, greater_is_better in _ENDINGS.items():
            if own[2].endswith(ending):
                needs: Literal["labels", "values"] = "labels" if task == "classification" else "values"
                return Metric(own[2], task, needs, greater_is_better, unit_free=False, function=name)
        raise DeclarationError(
            f"{field}={name!r}: a metric's name must say which way is better: end it in {', '.join(_ENDINGS)}"
        )
    if not isinstance(name, str) or name not in METRICS:
        raise DeclarationError(
            f"{field}={name!r} is not a known metric: choose one of {', '.join(METRICS)}, or your own as "
            "'module:function'"
        )
    return METRICS[name]
