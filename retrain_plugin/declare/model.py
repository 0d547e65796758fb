"""A model as its owner declares it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from retrain_plugin.declare.expectations import Expectations
from retrain_plugin.declare.fields import require_kind, require_names, require_number, require_text
from retrain_plugin.declare.metric import Metric, metric_named
from retrain_plugin.declare.source import Parquet, Source, Table
from retrain_plugin.errors import DeclarationError

_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


@dataclass(frozen=True, kw_only=True)
class Model:
    """What is learnt, from which rows, and what counts as better.

    Parameters:
        name: of the registered model and of the experiment in MLflow; letters, digits, ``_.-``.
        source: where the rows are.
        features: columns the estimator is given, as a DataFrame of float64 and categories.
        target: the column it learns; never null in a labelled row.
        estimator: ``"module:function"``, called without arguments for an unfitted scikit-learn
            estimator or Pipeline.
        metric: what champion and challenger are compared by: a known one's name, or a function of
            your own, ``"module:function"``, whose name ends in ``_score``, ``_loss`` or ``_error``.
        task: ``"classification"`` or ``"regression"``; only a metric of your own needs to be told.
        seed: given to every ``random_state`` the estimator leaves open, and to every resampling.
        trusted_types: the user's own types inside the fitted estimator, by full name, which may
            be read back from a model file. scikit-learn's own are known.
        expect: limits of the data check.

    Raises:
        DeclarationError: naming the field that is wrong.
    """

    name: str
    source: Source
    features: tuple[str, ...]
    target: str
    estimator: str
    metric: str
    task: str = ""
    seed: int = 0
    trusted_types: tuple[str, ...] = ()
    expect: Expectations = field(default_factory=Expectations)

    def __post_init__(self) -> None:
        if not MODEL_NAME.fullmatch(require_text(self.name, field="name")):
            raise DeclarationError(
                f"name={self.name!r} must consist of letters, digits, '_', '.' and '-': "
                "MLflow and Airflow both use it in addresses"
            )
        require_kind(self.source, (Parquet, Table), field="source")
        object.__setattr__(self, "features", require_names(self.features, field="features"))
        require_text(self.target, field="target")
        if self.target in self.features:
            raise DeclarationError(f"target={self.target!r} is also among the features: the model would see the answer")
        for column in (self.source.event_time, self.source.label_time):
            if column is not None and column in (*self.features, self.target):
                raise DeclarationError(
                    f"features: {column!r} is the source's time column; derive the hour or the like from it"
                )
        if not isinstance(self.estimator, str) or not _IMPORT_PATH.fullmatch(self.estimator):
            raise DeclarationError(
                f"estimator={self.estimator!r} must read 'module:function', such as 'flights_model:build'"
            )
        if self.task not in ("", "classification", "regression"):
            raise DeclarationError(f"task={self.task!r} must be 'classification' or 'regression'")
        if metric_named(self.metric).function and not self.task:
            raise DeclarationError(f"task: say whether {self.metric!r} is for 'classification' or 'regression'")
        if self.task and self.judged_by.task != self.task:
            raise DeclarationError(f"task={self.task!r}: metric={self.metric!r} is for {self.judged_by.task}")
        require_number(self.seed, field="seed", most=2**32 - 1, whole=True)
        object.__setattr__(self, "trusted_types", require_names(self.trusted_types, field="trusted_types", empty=True))
        require_kind(self.expect, Expectations, field="expect")

    @property
    def judged_by(self) -> Metric:
        """The metric, looked up."""
        return metric_named(self.metric, task="regression" if self.task == "regression" else "classification")

    def label_horizon(self, as_of: datetime) -> datetime:
        """The moment before which rows have their labels: ``as_of - label_delay``."""
        lag: timedelta = self.source.label_lag
        return as_of - lag
