"""The estimator of the end-to-end DAGs."""

from sklearn.ensemble import HistGradientBoostingClassifier


def build():
    return HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype")
