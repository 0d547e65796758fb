"""One estimator of each family that can learn on, for `benchmarks/continual.py`."""

from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer


def _prepared(last: BaseEstimator) -> BaseEstimator:
    names = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    numbers = make_pipeline(SimpleImputer(), SplineTransformer(6, knots="quantile"))
    return make_pipeline(
        make_column_transformer((names, ["carrier", "origin", "dest", "weekday"]), remainder=numbers), last
    )


def network() -> BaseEstimator:
    """The network of the flights DAG."""
    return _prepared(MLPClassifier((32,), max_iter=10, alpha=0.1, learning_rate_init=3e-4))


def stochastic() -> BaseEstimator:
    """Logistic regression by stochastic gradients."""
    return _prepared(SGDClassifier(loss="log_loss"))


def bayes() -> BaseEstimator:
    """Naive Bayes: sums that only ever grow."""
    return _prepared(GaussianNB())


def logistic() -> BaseEstimator:
    """Logistic regression, fitted to convergence each time."""
    return _prepared(LogisticRegression(max_iter=200))


def forest() -> BaseEstimator:
    """A forest that gets more trees."""
    return _prepared(RandomForestClassifier(100, min_samples_leaf=20))


def boosted() -> BaseEstimator:
    """Boosted trees that get more of them."""
    return HistGradientBoostingClassifier(max_iter=100, categorical_features="from_dtype")
