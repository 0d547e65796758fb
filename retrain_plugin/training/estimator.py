"""From ``"module:function"`` to an unfitted, seeded scikit-learn estimator."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor

from retrain_plugin.declare.model import Model
from retrain_plugin.errors import TrainingError


def build(model: Model) -> BaseEstimator:
    """Call the declared function and return its estimator, unfitted, every open random state seeded.

    Raises:
        TrainingError: the function cannot be imported or called, or what it returns is not an
            estimator for the model's metric.
    """
    where, _, what = model.estimator.partition(":")
    try:
        function = getattr(import_module(where), what)
    except (ImportError, AttributeError) as error:
        raise TrainingError(
            f"model {model.name!r}: estimator {model.estimator!r} cannot be imported ({error}): put the module "
            "beside the DAG file or install it where the tasks run"
        ) from error
    try:
        estimator = clone(function())
    except Exception as error:
        raise TrainingError(
            f"model {model.name!r}: {model.estimator}() must return an unfitted scikit-learn estimator: {error}"
        ) from error
    fits = is_classifier(estimator) if model.judged_by.task == "classification" else is_regressor(estimator)
    if not fits:
        raise TrainingError(
            f"model {model.name!r}: metric {model.metric!r} judges a {model.judged_by.task} model, and "
            f"{model.estimator}() returns {type(estimator).__name__}: choose another metric or estimator"
        )
    open_states = {
        name: model.seed
        for name, value in estimator.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    }
    return estimator.set_params(**open_states)


def recipe(estimator: BaseEstimator) -> str:
    """Everything the estimator was configured with, as text that is the same in every process."""
    parameters: dict[str, Any] = estimator.get_params(deep=True)
    described = "\n".join(f"{name}={value!r}" for name, value in sorted(parameters.items()))
    return re.sub(r" at 0x[0-9a-f]+", "", f"{type(estimator).__qualname__}\n{described}")
