"""Estimators that the tests' models name."""

from __future__ import annotations

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def trees():
    return HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype")


def regression_trees():
    return HistGradientBoostingRegressor(max_iter=20, categorical_features="from_dtype")


def encoded(last):
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["kind"]), remainder="passthrough")
    return make_pipeline(encoder, last)


def logistic():
    return encoded(LogisticRegression())


def forest():
    return encoded(RandomForestClassifier(20))


def ridge():
    return encoded(Ridge())


def constant():
    return DummyClassifier(strategy="prior")


class NanClassifier(DummyClassifier):
    def predict_proba(self, X):  # noqa: N803
        return np.full((len(X), 2), np.nan)


def nan():
    return NanClassifier()


def noise_only():
    """Worse than anything that looks at `x`."""
    return make_pipeline(make_column_transformer(("passthrough", ["noise"])), LogisticRegression())


def broken():
    raise RuntimeError("no such luck")


def not_an_estimator():
    return "trees"


class Refuses(LogisticRegression):
    def fit(self, X, y):  # noqa: N803
        raise ValueError("singular matrix")


def refuses():
    return encoded(Refuses())


class Mine(LogisticRegression):
    """A user's own type."""


def mine():
    return encoded(Mine())


def missed_loss(truth, predicted):
    """A user's own metric: what a missed positive costs, and a false alarm."""
    return 5 * np.mean(truth & ~predicted.astype(bool)) + np.mean(~truth.astype(bool) & predicted.astype(bool))
