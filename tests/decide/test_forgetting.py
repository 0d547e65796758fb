from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from retrain_plugin import Continual, Gate
from retrain_plugin.decide.forgetting import Trial, judge_update
from retrain_plugin.declare.metric import metric_named
from retrain_plugin.declare.window import Window
from retrain_plugin.statistics.predictions import Predictions

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
STRATEGY = Continual(schedule="@daily", forgetting=0.02, gate=Gate(resamples=200, min_rows=200, tolerance=0.02))
CLASSES = np.array([0, 1])


def predicted(truth, noise, seed):
    scores = truth + np.random.default_rng(seed).normal(scale=noise, size=len(truth))
    return Predictions((scores > 0.5).astype(int), scores, CLASSES)


def trial(rows, *, update, parent, base=None, seed=0):
    """Labelled rows on which each is the more wrong the larger its number."""
    truth = np.random.default_rng(seed).integers(0, 2, rows)
    return Trial(
        truth,
        predicted(truth, update, seed + 1),
        predicted(truth, parent, seed + (1 if update == parent else 2)),
        None if base is None else predicted(truth, base, seed + 3),
    )


def judged(newest, memory, strategy=STRATEGY, periods=()):
    return judge_update(strategy, metric_named("roc_auc"), newest, memory, periods, parent="v7", base="v3", seed=0)


def failed(report):
    return [one.name for one in report.checks if not one.passed]


def test_an_update_that_is_as_good_everywhere_passes():
    report = judged(trial(500, update=1, parent=1), trial(2000, update=1, parent=1, base=1, seed=10))
    assert report.passed
    assert report.reason.startswith("promoted")
    assert [one.value for one in report.slices] == ["all, against v7", "all, against v3"]


def test_worse_on_the_newest_rows_beyond_doubt_is_refused():
    report = judged(trial(2000, update=3, parent=1), trial(2000, update=1, parent=1, seed=10))
    assert failed(report) == ["newest rows"]
    assert "of v7 on 2000 rows that neither has learnt" in report.reason


def test_a_loss_on_few_newest_rows_is_no_proof():
    assert judged(trial(40, update=1.1, parent=1, seed=3), trial(2000, update=1, parent=1, seed=10)).passed
    report = judged(trial(10, update=9, parent=1), trial(2000, update=1, parent=1, seed=10))
    assert report.passed
    assert "too few" in report.reason


def test_forgetting_is_refused_against_the_parent():
    report = judged(trial(500, update=1, parent=1), trial(2000, update=1.5, parent=1, seed=10))
    assert failed(report) == ["memory"]


def test_many_small_losses_cannot_add_up():
    """Not worse than its parent, which itself has lost too much since the last full fit."""
    report = judged(trial(500, update=1, parent=1), trial(2000, update=1.5, parent=1.5, base=1, seed=10))
    assert failed(report) == ["memory since v3"]


def test_one_forgotten_period_is_found_among_many():
    memory = trial(6000, update=1, parent=1, seed=10)
    spoilt = np.arange(6000) < 1000
    scores = memory.update.scores.copy()
    scores[spoilt] = np.random.default_rng(5).normal(size=1000)
    update = Predictions(memory.update.values, scores, CLASSES)
    periods = [
        (Window(START + timedelta(days=at), START + timedelta(days=at + 1)), np.arange(6000) // 1000 == at)
        for at in range(6)
    ]
    lax = Continual(schedule="@daily", forgetting=0.1, gate=STRATEGY.gate)
    report = judged(trial(500, update=1, parent=1), Trial(memory.truth, update, memory.parent), lax, periods)
    assert failed(report) == ["memory of 2024-01-01 to 2024-01-02"]


def test_a_guard_that_cannot_see_does_not_pass():
    report = judged(trial(500, update=1, parent=1), trial(100, update=1, parent=1, seed=10))
    assert failed(report) == ["memory"]
    assert "declare more than memory=0.1" in report.reason
    one_class = trial(2000, update=1, parent=1, seed=10)
    one_class = Trial(np.zeros(2000, dtype=int), one_class.update, one_class.parent)
    assert failed(judged(trial(500, update=1, parent=1), one_class)) == ["memory"]


def test_predictions_that_cannot_be_served_are_refused():
    memory = trial(2000, update=1, parent=1, seed=10)
    broken = Predictions(memory.update.values, np.full(2000, np.nan), CLASSES)
    report = judged(trial(500, update=1, parent=1), Trial(memory.truth, broken, memory.parent))
    assert failed(report) == ["sane predictions"]


@pytest.mark.parametrize("seed", range(3))
def test_an_update_that_is_its_parent_passes_whatever_the_rows(seed):
    newest, memory = trial(300, update=1, parent=1, seed=seed), trial(900, update=1, parent=1, base=1, seed=seed + 50)
    same = [Trial(one.truth, one.parent, one.parent, one.parent) for one in (newest, memory)]
    report = judged(*same)
    assert report.passed
    assert report.comparison.gain.value == 0


def test_a_loss_in_a_metric_of_the_targets_scale_is_a_share_of_the_parents():
    random = np.random.default_rng(0)
    truth = random.normal(scale=1000, size=2000)
    close, far = (Predictions(truth + random.normal(scale=scale, size=2000)) for scale in (100, 101))
    rmse = metric_named("rmse")
    arguments = {"periods": (), "parent": "v7", "base": "", "seed": 0}
    assert judge_update(STRATEGY, rmse, Trial(truth, far, close), Trial(truth, far, close), **arguments).passed
    worse = Predictions(truth + random.normal(scale=110, size=2000))
    report = judge_update(STRATEGY, rmse, Trial(truth, close, close), Trial(truth, worse, close), **arguments)
    assert failed(report) == ["memory"]
