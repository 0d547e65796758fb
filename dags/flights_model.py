"""The estimator of the flights DAGs. Listed in .airflowignore: it is a module, not a DAG file."""

from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier


def build() -> BaseEstimator:
    """Boosted trees that take categories and missing weather as they are."""
    return HistGradientBoostingClassifier(max_iter=100, learning_rate=0.1, categorical_features="from_dtype")
