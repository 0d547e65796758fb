from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix

from retrain_plugin.statistics.histogram import histogram
from retrain_plugin.statistics.predictions import Predictions
from retrain_plugin.statistics.profile import Profile, profile_categories, profile_numbers
from retrain_plugin.statistics.quality import quality

CLASSES = np.array([False, True])


@given(st.integers(20, 300), st.integers(0, 10**6))
def test_calibration_and_confusion_are_those_of_scikit_learn(count, seed):
    random = np.random.default_rng(seed)
    scores = random.permutation(np.linspace(0.01, 0.99, count))
    truth = random.random(count) < scores
    found = quality(truth, Predictions(scores >= 0.5, scores, CLASSES, probabilities=True))
    share, mean = calibration_curve(truth, scores, n_bins=10, strategy="quantile")
    if count % 10 == 0:
        assert np.allclose([one[0] for one in found.calibration], mean)
        assert np.allclose([one[1] for one in found.calibration], share)
    assert sum(rows for *_, rows in found.calibration) == count
    assert np.array_equal(found.confusion, confusion_matrix(truth, scores >= 0.5, labels=[False, True]))
    assert found.classes == ("False", "True")


@given(arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e6, 1e6)))
def test_residuals_are_all_counted_however_far_out(values):
    truth = np.zeros(len(values))
    found = quality(truth, Predictions(values))
    assert sum(rows for *_, rows in found.residuals) == len(values)
    assert found.bias == pytest.approx(-values.mean(), abs=1e-6)
    assert found.spread == pytest.approx(np.sqrt((values**2).mean()), rel=1e-9)


def test_many_classes_show_the_most_frequent():
    truth = np.array([f"c{index % 20:02}" for index in range(200)] + ["c00"] * 5)
    found = quality(truth, Predictions(truth.copy()))
    assert len(found.classes) == 12
    assert "c00" in found.classes
    assert all(found.confusion[i][i] >= 10 for i in range(12))
    assert found.calibration == ()


@given(st.integers(1, 400), st.integers(0, 10**6))
def test_a_histogram_shares_out_all_rows_of_both(count, seed):
    random = np.random.default_rng(seed)
    reference = profile_numbers(random.normal(size=300))
    numbers = random.normal(size=count)
    missing = int((random.random(count) < 0.2).sum())
    window = Profile(reference.bins, reference.bins.count(numbers), missing, 0)
    bars = histogram(reference, window)
    assert sum(one.reference for one in bars) == pytest.approx(1)
    assert sum(one.current for one in bars) == pytest.approx(1)
    assert bars[-1].label == "missing"
    assert bars[-1].current == pytest.approx(missing / (count + missing))
    assert len({one.label for one in bars}) == len(bars)


def test_categories_keep_their_names():
    reference = profile_categories(np.array([0, 0, 0, 1, 1, -1]), ["a", "b"])
    bars = {one.label: one.reference for one in histogram(reference, reference)}
    assert (bars["a"], bars["b"], bars["missing"]) == (3 / 6, 2 / 6, 1 / 6)
