from __future__ import annotations

import numpy as np
import pytest

from retrain_plugin import Gate
from retrain_plugin.decide.gate import Opponent, judge, refit_check
from retrain_plugin.declare.metric import METRICS
from retrain_plugin.statistics.predictions import Predictions

AUC = METRICS["roc_auc"]
ROWS = 2000
random = np.random.default_rng(0)
TRUTH = random.integers(0, 2, ROWS)


def informed(weight: float, seed: int = 1) -> Predictions:
    scores = 1 / (1 + np.exp(-(weight * TRUTH + np.random.default_rng(seed).normal(size=ROWS))))
    return Predictions((scores > 0.5).astype(int), scores, np.array([0, 1]), probabilities=True)


def against(predicted: Predictions, unseen: int = ROWS) -> Opponent:
    return Opponent("v1", predicted, np.arange(ROWS) >= ROWS - unseen)


def verdict(challenger, opponent, gate=None, **options):
    return judge(gate or Gate(), AUC, TRUTH, challenger, opponent, seed=0, **options)


def failed(report):
    return [check.name for check in report.checks if not check.passed]


def test_a_better_challenger_passes():
    report = verdict(informed(2.0), against(informed(1.0)))
    assert report.passed
    assert report.comparison.gain.low > 0
    assert report.reason.startswith("promoted")


def test_a_worse_challenger_is_refused_and_the_reason_has_the_numbers():
    report = verdict(informed(1.0), against(informed(2.0)))
    assert not report.passed
    assert "gain" in failed(report)
    assert f"{report.comparison.champion.value:.4f}" in report.reason


def test_an_uncertain_gain_is_refused_where_the_tolerance_is_small():
    challenger, champion = informed(1.0, seed=1), informed(1.0, seed=2)
    if verdict(challenger, against(champion)).comparison.gain.value < 0:
        challenger, champion = champion, challenger
    report = verdict(challenger, against(champion), Gate(tolerance=0.0001))
    assert failed(report) == ["gain is certain enough"]


def test_many_small_losses_cannot_add_up():
    report = verdict(informed(0.99, seed=1), against(informed(1.0, seed=1)), Gate(tolerance=0.5))
    assert failed(report) == ["gain"]


def test_the_first_champion_is_judged_by_floors_alone():
    assert verdict(informed(1.0), None).passed
    report = verdict(informed(1.0), None, Gate(floors={"roc_auc": 0.99, "log_loss": 5.0}))
    assert failed(report) == ["floor roc_auc"]


def test_a_floor_for_a_loss_is_a_ceiling():
    assert failed(verdict(informed(1.0), None, Gate(floors={"log_loss": 0.1}))) == ["floor log_loss"]


@pytest.mark.parametrize("value", [0.5, float("nan"), float("inf")])
def test_constant_or_broken_predictions_are_refused(value):
    scores = np.full(ROWS, value)
    report = verdict(Predictions(np.zeros(ROWS), scores, np.array([0, 1]), True), against(informed(1.0)))
    assert failed(report) == ["sane predictions"]


def test_one_nan_among_thousands_is_refused():
    scores = informed(2.0).scores.copy()
    scores[7] = np.nan
    report = verdict(Predictions(np.zeros(ROWS), scores, np.array([0, 1]), True), None)
    assert "1 of 2000 predictions are NaN" in report.reason


def test_too_few_unseen_rows_are_refused():
    report = verdict(informed(3.0), against(informed(0.1), unseen=150))
    assert failed(report) == ["enough rows"]


def test_rows_the_champion_was_trained_on_are_left_out():
    # The champion knows the older half by heart; on the newer half it knows nothing.
    old = np.arange(ROWS) < ROWS // 2
    scores = np.where(old, TRUTH, random.random(ROWS))
    memorising = Predictions((scores > 0.5).astype(int), scores, np.array([0, 1]), True)
    assert not verdict(informed(1.0), against(memorising)).passed
    assert verdict(informed(1.0), against(memorising, unseen=ROWS // 2)).passed


def test_a_materially_worse_slice_is_refused_by_name():
    where = np.where(np.arange(ROWS) % 3 == 0, "small", "large")
    challenger = informed(3.0)
    scores = np.where(where == "small", 1 - challenger.scores, challenger.scores)
    mixed = Predictions((scores > 0.5).astype(int), scores, np.array([0, 1]), True)
    gate = Gate(slices=["size"], min_slice_rows=100)
    report = verdict(mixed, against(informed(0.1)), gate, slices={"size": where})
    assert "slice size=small" in failed(report)
    assert "slice size=large" not in failed(report)


def test_tolerance_of_a_loss_is_a_share_of_the_champions_score():
    truth = random.normal(size=ROWS) * 1000
    champion = Predictions(truth + random.normal(size=ROWS) * 300)
    challenger = Predictions(truth + random.normal(size=ROWS) * 299)
    report = judge(
        Gate(tolerance=0.1), METRICS["rmse"], truth, challenger, Opponent("v1", champion, np.ones(ROWS, bool)), seed=0
    )
    assert [check.name for check in report.checks if not check.passed] in ([], ["gain"])
    assert abs(report.comparison.gain.low) > 0.1


def test_a_refit_that_is_another_model_is_not_promoted():
    twin = informed(2.0)
    flipped = Predictions(1 - twin.values, 1 - twin.scores, twin.classes, True)
    assert refit_check(Gate(), AUC, TRUTH, twin, twin).passed
    assert not refit_check(Gate(), AUC, TRUTH, twin, flipped).passed
    assert not refit_check(Gate(), AUC, TRUTH, twin, informed(0.0, seed=9)).passed
    # A refit that memorises the holdout is still the same model.
    memorised = Predictions(TRUTH, 0.3 * twin.scores + 0.7 * TRUTH, twin.classes, True)
    assert refit_check(Gate(), AUC, TRUTH, twin, memorised).passed
