from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from retrain_plugin.declare.metric import METRICS
from retrain_plugin.errors import TrainingError
from retrain_plugin.statistics.bootstrap import compare, estimate
from retrain_plugin.statistics.metrics import score, scorer
from retrain_plugin.statistics.predictions import Predictions

SETTINGS = {"confidence": 0.9, "resamples": 200, "seed": 0}

binary_rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1), st.integers(0, 3)),
    min_size=2,
    max_size=60,
)


def binary(scores):
    scores = np.asarray(scores, dtype=float)
    return Predictions((scores > 0.5).astype(int), scores, np.array([0, 1]), probabilities=True)


ORACLES = {
    "roc_auc": lambda y, s, w: sk.roc_auc_score(y, s, sample_weight=w),
    "average_precision": lambda y, s, w: sk.average_precision_score(y, s, sample_weight=w),
    "brier": lambda y, s, w: sk.brier_score_loss(y, s, sample_weight=w),
    "log_loss": lambda y, s, w: sk.log_loss(y, s, sample_weight=w, labels=[0, 1]),
    "accuracy": lambda y, s, w: sk.accuracy_score(y, s > 0.5, sample_weight=w),
    "balanced_accuracy": lambda y, s, w: sk.balanced_accuracy_score(y, s > 0.5, sample_weight=w),
    "precision": lambda y, s, w: sk.precision_score(y, s > 0.5, sample_weight=w, zero_division=0),
    "recall": lambda y, s, w: sk.recall_score(y, s > 0.5, sample_weight=w),
    "f1": lambda y, s, w: sk.f1_score(y, s > 0.5, sample_weight=w),
}


@pytest.mark.parametrize("name", ORACLES)
@settings(max_examples=60, deadline=None)
@given(binary_rows)
def test_weighted_metrics_agree_with_scikit_learn(name, rows):
    truth, scores, weights = (np.array(column) for column in zip(*rows, strict=True))
    truth = truth.astype(int)
    assume(len(np.unique(truth[weights > 0])) == 2)
    ours = scorer(METRICS[name], truth, binary(scores))(weights)
    assert ours == pytest.approx(ORACLES[name](truth, scores, weights.astype(float)), abs=1e-9)


@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=3, max_size=40))
def test_regression_metrics_agree_with_scikit_learn(name, rows):
    truth, values = (np.array(column) for column in zip(*rows, strict=True))
    assume(np.ptp(truth) > 1e-3)
    oracle = {"rmse": sk.root_mean_squared_error, "mae": sk.mean_absolute_error, "r2": sk.r2_score}[name]
    assert score(METRICS[name], truth, Predictions(values)) == pytest.approx(oracle(truth, values), rel=1e-9)


def test_several_classes_are_averaged_one_against_the_rest():
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 300)
    scores = random.dirichlet(np.ones(3), 300)
    predicted = Predictions(scores.argmax(1), scores, np.arange(3), probabilities=True)
    assert score(METRICS["roc_auc"], truth, predicted) == pytest.approx(
        sk.roc_auc_score(truth, scores, multi_class="ovr")
    )
    assert score(METRICS["f1"], truth, predicted) == pytest.approx(
        sk.f1_score(truth, scores.argmax(1), average="macro")
    )


def test_a_metric_that_needs_probabilities_says_so():
    only_labels = Predictions(np.array([0, 1]), classes=np.array([0, 1]))
    with pytest.raises(TrainingError, match="predict_proba"):
        score(METRICS["log_loss"], np.array([0, 1]), only_labels)


def test_the_same_model_has_no_gain_and_no_doubt():
    random = np.random.default_rng(0)
    truth, scores = random.integers(0, 2, 500), random.random(500)
    found = compare(METRICS["roc_auc"], truth, binary(scores), binary(scores), **SETTINGS)
    assert (found.gain.value, found.gain.low, found.gain.high) == (0, 0, 0)


def test_less_error_is_a_gain():
    random = np.random.default_rng(0)
    truth = random.normal(size=500)
    better, worse = (Predictions(truth + random.normal(scale=scale, size=500)) for scale in (0.5, 1.0))
    assert compare(METRICS["rmse"], truth, better, worse, **SETTINGS).gain.low > 0
    assert compare(METRICS["rmse"], truth, worse, better, **SETTINGS).gain.high < 0


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        truth = random.integers(0, 2, 300)
        scores = np.where(truth == 1, random.normal(1, 1, 300), random.normal(0, 1, 300))
        found = estimate(METRICS["roc_auc"], truth, Predictions(truth, scores, np.array([0, 1])), **SETTINGS)
        # P(positive beats negative) for unit normals one apart is Phi(1 / sqrt 2).
        hits += found.low <= 0.7602 <= found.high
    assert 0.83 <= hits / 200 <= 0.96


def test_figures_are_the_same_every_time():
    random = np.random.default_rng(0)
    truth, scores = random.integers(0, 2, 200), random.random(200)
    assert estimate(METRICS["f1"], truth, binary(scores), **SETTINGS) == estimate(
        METRICS["f1"], truth, binary(scores), **SETTINGS
    )
