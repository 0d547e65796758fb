"""Learning on from fitted weights, as each family of estimators can."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from retrain_plugin.data.rows import Rows
from retrain_plugin.declare.model import Model
from retrain_plugin.errors import TrainingError
from retrain_plugin.training.fit import Cost, peak_memory_mb

# What an ensemble grows by, by the estimator's name: its subclasses grow alike.
_GROWS = {
    "HistGradientBoostingClassifier": "max_iter",
    "HistGradientBoostingRegressor": "max_iter",
    "GradientBoostingClassifier": "n_estimators",
    "GradientBoostingRegressor": "n_estimators",
    "RandomForestClassifier": "n_estimators",
    "RandomForestRegressor": "n_estimators",
    "ExtraTreesClassifier": "n_estimators",
    "ExtraTreesRegressor": "n_estimators",
    "BaggingClassifier": "n_estimators",
    "BaggingRegressor": "n_estimators",
}


@dataclass(frozen=True)
class Family:
    """How an estimator goes on learning.

    Parameters:
        mechanism: ``partial_fit``, ``grow`` (further trees or iterations), or ``restart`` (a whole
            fit that starts from the coefficients).
        parameter: what says how far an ensemble has grown.
    """

    mechanism: str
    parameter: str = ""


def family(model: Model, estimator: BaseEstimator) -> Family:
    """How the last step of an estimator learns on.

    Raises:
        TrainingError: it cannot; names what could.
    """
    last = learner(estimator)
    if hasattr(last, "partial_fit"):
        return Family("partial_fit")
    for kind in type(last).__mro__:
        if kind.__name__ in _GROWS:
            return Family("grow", _GROWS[kind.__name__])
    if "warm_start" in last.get_params(deep=False):
        return Family("restart")
    raise TrainingError(
        f"model {model.name!r}: {type(last).__name__} cannot learn on from its weights, so Continual(...) is not for "
        "it. Estimators that can: MLPClassifier and SGDClassifier (and their regressors), naive Bayes, "
        "LogisticRegression; forests and boosted trees grow, but forget. Or retrain in full: Periodic, Triggered"
    )


def learner(estimator: BaseEstimator) -> BaseEstimator:
    """The step that learns: the last of a pipeline, or the estimator itself."""
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def learn(model: Model, estimator: BaseEstimator, batch: Rows, *, grow: int) -> tuple[BaseEstimator, Cost]:
    """Let a fitted estimator learn a batch, in place, from where its weights are.

    The transformers of a pipeline stay as they were fitted: under weights learnt on another scale
    everything learnt would be lost. No rows, no change.

    Raises:
        TrainingError: whatever the estimator raised, or a class is missing that it has to see.
    """
    started = time.perf_counter()
    if len(batch):
        how = family(model, estimator)
        try:
            _learn(estimator, batch.frame, batch.target, how, grow)
        except Exception as error:
            raise TrainingError(
                f"model {model.name!r}, {len(batch)} rows up to {batch.window.end}: "
                f"{type(learner(estimator)).__name__} does not learn on: {error}. The champion keeps serving"
            ) from error
    return estimator, Cost(time.perf_counter() - started, len(batch), peak_memory_mb())


def together(new: Rows, old: Rows) -> Rows:
    """New and replayed rows as one batch, in the order of their event time."""
    frame = pd.concat([old.frame, new.frame], ignore_index=True)
    order = np.argsort(np.concatenate([old.event_time, new.event_time]), kind="stable")
    kinds = {
        name: "category" if isinstance(new.frame[name].dtype, pd.CategoricalDtype) else np.float64
        for name in new.frame.columns
    }
    return Rows(
        window=new.window,
        frame=frame.iloc[order].reset_index(drop=True).astype(kinds),
        target=np.concatenate([old.target, new.target])[order],
        event_time=np.concatenate([old.event_time, new.event_time])[order],
        unlabelled_at=new.unlabelled_at,
    )


def unknown_classes(estimator: BaseEstimator, target: NDArray[Any]) -> list[Any]:
    """Classes among some labels that a fitted classifier was never told of."""
    if not is_classifier(estimator):
        return []
    return sorted({*pd.unique(pd.Series(target)).tolist()} - {*np.asarray(estimator.classes_).tolist()}, key=str)


def _learn(estimator: BaseEstimator, frame: pd.DataFrame, target: NDArray[Any], how: Family, grow: int) -> None:
    last = learner(estimator)
    values = estimator[:-1].transform(frame) if isinstance(estimator, Pipeline) and len(estimator) > 1 else frame
    if how.mechanism == "partial_fit":
        if last.get_params(deep=False).get("early_stopping"):
            # A share held back to see when to stop has no meaning for a single pass.
            last.set_params(early_stopping=False)
            # Of which there is none after early stopping, and a pass compares its loss with it.
            last.best_loss_ = np.inf
        last.partial_fit(values, target)
        return
    _require_every_class(last, target)
    last.set_params(warm_start=True)
    if how.mechanism == "grow":
        last.set_params(**{how.parameter: _grown(last) + grow})
        if "early_stopping" in last.get_params(deep=False):
            last.set_params(early_stopping=False)
    with warnings.catch_warnings():
        # A few iterations from a good start need not converge.
        warnings.simplefilter("ignore", ConvergenceWarning)
        last.fit(values, target)


def _grown(last: BaseEstimator) -> int:
    iterations = getattr(last, "n_iter_", None)
    return int(iterations) if iterations is not None else len(last.estimators_)


def _require_every_class(last: BaseEstimator, target: NDArray[Any]) -> None:
    if not is_classifier(last):
        return
    gone = {*np.asarray(last.classes_).tolist()} - {*pd.unique(pd.Series(target)).tolist()}
    if gone:
        named = ", ".join(map(repr, sorted(gone, key=str)))
        raise ValueError(f"the rows have no class {named}: replay more of the past")
