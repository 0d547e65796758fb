"""The estimators of the flights DAGs. Listed in .airflowignore: it is a module, not a DAG file."""

from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer


def build() -> BaseEstimator:
    """Boosted trees that take categories and missing weather as they are."""
    return HistGradientBoostingClassifier(max_iter=100, learning_rate=0.1, categorical_features="from_dtype")


def build_online() -> BaseEstimator:
    """A small network that learns on well: splines and categories stay fitted, its weights take gentle steps."""
    names = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    numbers = make_pipeline(SimpleImputer(), SplineTransformer(6, knots="quantile"))
    return make_pipeline(
        make_column_transformer((names, ["carrier", "origin", "dest", "weekday"]), remainder=numbers),
        MLPClassifier((32,), max_iter=10, alpha=0.1, learning_rate_init=3e-4),
    )
