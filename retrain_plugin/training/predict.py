"""What a fitted estimator says about rows, in the one form that statistics knows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier

from retrain_plugin.declare.model import Model
from retrain_plugin.errors import TrainingError
from retrain_plugin.statistics.predictions import Predictions


def predict(model: Model, estimator: BaseEstimator, frame: pd.DataFrame, *, who: str) -> Predictions:
    """Predict every row of a frame; `who` names the estimator in the error.

    Raises:
        TrainingError: whatever the estimator raised.
    """
    try:
        if not is_classifier(estimator):
            return Predictions(np.asarray(estimator.predict(frame), dtype=np.float64))
        classes = np.asarray(estimator.classes_)
        probabilities = hasattr(estimator, "predict_proba")
        if not probabilities and not hasattr(estimator, "decision_function"):
            return Predictions(np.asarray(estimator.predict(frame)), classes=classes)
        if not probabilities:
            scores = np.asarray(estimator.decision_function(frame), dtype=np.float64)
            return Predictions(np.asarray(estimator.predict(frame)), scores, classes)
        scores = np.asarray(estimator.predict_proba(frame), dtype=np.float64)
        # Taking the most probable class ourselves saves predicting everything twice; NaN rows get
        # the first class, and the sanity check refuses them by their scores.
        values = classes[np.argmax(scores, axis=1)]
        return Predictions(values, scores[:, 1] if len(classes) == 2 else scores, classes, probabilities=True)
    except Exception as error:
        raise TrainingError(
            f"model {model.name!r}: {who} cannot predict {len(frame)} rows: {error}. "
            "Compare the columns it was trained on with those it is given"
        ) from error
