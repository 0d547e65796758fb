"""Estimators that the tests' models name."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures


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


def online():
    return encoded(SGDClassifier(loss="log_loss"))


class Notes(SGDClassifier):
    """Writes down, in its process, the `row` of every row it learns, batch by batch."""

    batches: ClassVar[list[set[int]]] = []

    def fit(self, X, y):  # noqa: N803
        Notes.batches.append({int(one) for one in X["row"]})
        return super().fit(X[["x"]], y)

    def partial_fit(self, X, y):  # noqa: N803
        Notes.batches.append({int(one) for one in X["row"]})
        return super().partial_fit(X[["x"]], y)

    def predict_proba(self, X):  # noqa: N803
        return SGDClassifier.predict_proba.__get__(self, Notes)(X[["x"]])


def notes():
    return Notes(loss="log_loss")


def network():
    return encoded(MLPClassifier((16,), max_iter=30, learning_rate_init=0.005))


def neighbours():
    return encoded(KNeighborsClassifier())


def quick_network():
    """Learns fast enough to forget within one pass."""
    return encoded(MLPClassifier((16,), max_iter=15, batch_size=4, learning_rate_init=0.04))


def online_with_gaps():
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["kind"]), remainder=SimpleImputer(keep_empty_features=True)
    )
    return make_pipeline(encoder, SGDClassifier(loss="log_loss"))


def boosted():
    return HistGradientBoostingClassifier(categorical_features="from_dtype")


def interacting():
    """Every kind has a slope of its own; a fit on one kind alone forgets the others'."""
    return make_pipeline(encoded(PolynomialFeatures(interaction_only=True)), LogisticRegression(max_iter=300))
