from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from retrain_plugin import Decay
from retrain_plugin.decide.decay import Standard, judge_decay
from retrain_plugin.statistics.bootstrap import Estimate, estimate
from retrain_plugin.statistics.predictions import Predictions

CLASSES = np.array([0, 1])


def scored(random: np.random.Generator, rows: int, separation: float) -> tuple[np.ndarray, Predictions]:
    """Labels and scores whose AUC follows from the distance of two normal laws."""
    truth = (random.random(rows) < 0.4).astype(int)
    scores = 1 / (1 + np.exp(-(random.normal(size=rows) + separation * truth)))
    return truth, Predictions(CLASSES[(scores > 0.5).astype(int)], scores, CLASSES, probabilities=True)


def standard(trigger: Decay, truth: np.ndarray, predicted: Predictions) -> Standard:
    found = estimate(trigger.judged_by, truth, predicted, confidence=0.9, resamples=200, seed=0)
    return Standard("at promotion", found, 0.9)


def fired(trigger: Decay, rows: int, before: float, now: float, checks: int, windows: int = 0) -> int:
    random = np.random.default_rng(rows)
    count = 0
    for _ in range(checks):
        record = [standard(trigger, *scored(random, 2000, before))]
        record += [standard(trigger, *scored(random, rows, before)) for _ in range(windows)]
        count += judge_decay(trigger, *scored(random, rows, now), record, seed=0).state == "fired"
    return count


@pytest.mark.parametrize("windows", [0, 12])
def test_at_200_rows_a_steady_champion_seldom_alarms_however_long_its_record(windows):
    trigger = Decay("roc_auc", drop=0.0, resamples=200)
    assert fired(trigger, 200, 1.0, 1.0, 150, windows) <= binom.ppf(0.999, 150, 0.05)


def test_an_auc_loss_of_a_twentieth_is_seen_in_5000_rows():
    # Separations of 1.0 and 0.78 are AUCs of .760 and .709.
    assert fired(Decay("roc_auc", drop=0.02, resamples=200), 5000, 1.0, 0.78, 40) >= 38


def regression(random: np.random.Generator, rows: int, noise: float) -> tuple[np.ndarray, Predictions]:
    truth = random.normal(10, 2, rows)
    return truth, Predictions(truth + random.normal(0, noise, rows))


@pytest.mark.parametrize(("metric", "worse"), [("rmse", 1.5), ("mae", 1.5), ("r2", 1.5)])
def test_which_way_is_worse_is_known_for_a_regression(metric, worse):
    random = np.random.default_rng(1)
    trigger = Decay(metric, drop=0.1)
    record = [standard(trigger, *regression(random, 2000, 1.0))]
    assert judge_decay(trigger, *regression(random, 1000, worse), record, seed=0).state == "fired"
    assert judge_decay(trigger, *regression(random, 1000, 0.5), record, seed=0).state == "quiet"


@pytest.mark.parametrize(
    "metric", ["roc_auc", "average_precision", "log_loss", "brier", "accuracy", "balanced_accuracy", "recall", "f1"]
)
def test_which_way_is_worse_is_known_for_a_classifier(metric):
    random = np.random.default_rng(2)
    trigger = Decay(metric, drop=0.02)
    record = [standard(trigger, *scored(random, 4000, 2.0))]
    worse, better = scored(random, 3000, 0.0), scored(random, 3000, 3.0)
    assert judge_decay(trigger, *worse, record, seed=0).state == "fired"
    assert judge_decay(trigger, *better, record, seed=0).state == "quiet"


def test_the_surest_standard_holds_not_the_luckiest():
    trigger = Decay("roc_auc", drop=0.02)
    record = [
        Standard("sure", Estimate(0.75, 0.74, 0.76), 0.95),
        Standard("lucky", Estimate(0.95, 0.55, 1.0), 0.95),
    ]
    verdict = judge_decay(trigger, *scored(np.random.default_rng(3), 2000, 1.0), record, seed=0)
    assert verdict.details["where"] == "sure"
    assert verdict.state == "quiet"


def test_a_loss_has_to_be_confirmed_where_that_is_asked():
    random = np.random.default_rng(4)
    trigger = Decay("roc_auc", drop=0.02, confirm=2, of=3)
    record = [standard(trigger, *scored(random, 4000, 2.0))]
    now = scored(random, 3000, 0.5)
    assert judge_decay(trigger, *now, record, before=[], seed=0).state == "quiet"
    assert judge_decay(trigger, *now, record, before=[True, False, False], seed=0).state == "quiet"
    assert judge_decay(trigger, *now, record, before=[True, False], seed=0).state == "fired"
    recovered = scored(random, 3000, 2.0)
    assert judge_decay(trigger, *recovered, record, before=[True, True], seed=0).state == "quiet"


@pytest.mark.parametrize(
    ("rows", "label", "said"),
    [(50, None, "50 labelled rows"), (300, 1, "all 300 labels are 1"), (300, "few", "labels are 1")],
)
def test_too_few_rows_or_labels_of_a_class_say_nothing(rows, label, said):
    truth, predicted = scored(np.random.default_rng(5), rows, 1.0)
    if label == 1:
        truth = np.ones(rows, dtype=int)
    if label == "few":
        truth = np.zeros(rows, dtype=int)
        truth[:5] = 1
    verdict = judge_decay(Decay("precision", drop=0.1), truth, predicted, [], seed=0)
    assert (verdict.state, verdict.blind) == ("insufficient", True)
    assert said in verdict.reason


def test_broken_predictions_are_an_error_and_constant_ones_a_decay():
    random = np.random.default_rng(6)
    trigger = Decay("roc_auc", drop=0.02)
    truth, predicted = scored(random, 1000, 1.0)
    record = [standard(trigger, truth, predicted)]
    broken = Predictions(predicted.values, np.full(1000, np.nan), CLASSES)
    assert judge_decay(trigger, truth, broken, record, seed=0).state == "error"
    flat = Predictions(predicted.values, np.full(1000, 0.5), CLASSES)
    assert judge_decay(trigger, truth, flat, record, seed=0).state == "fired"


def test_without_a_record_the_first_window_sets_it():
    verdict = judge_decay(Decay("f1", drop=0.1), *scored(np.random.default_rng(7), 1000, 1.0), [], seed=0)
    assert (verdict.state, verdict.blind) == ("insufficient", False)
    assert verdict.details["value"] > 0


def test_the_smallest_loss_it_would_have_seen_is_told():
    random = np.random.default_rng(8)
    trigger = Decay("roc_auc", drop=0.001)
    record = [standard(trigger, *scored(random, 5000, 1.0))]
    few, many = (judge_decay(trigger, *scored(random, rows, 1.0), record, seed=0) for rows in (300, 30_000))
    assert few.smallest_shift > 2 * many.smallest_shift > 0.001
