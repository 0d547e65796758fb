"""Quiet when nothing happened, fired when something did: by simulation with fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from retrain_plugin import KS, PSI
from retrain_plugin.decide.drift import judge_drift
from retrain_plugin.statistics.profile import Profile, profile_categories, profile_numbers

DAYS, WINDOW, FEATURES = 60, 7, 50
TRIGGERS = [PSI(min_rows=2), KS(min_rows=2)]


def allowed(rate: float, checks: int) -> int:
    """More alarms than that, in so many checks, disprove a rate with 99.9% confidence."""
    return int(binom.ppf(0.999, checks, rate))


def references(random: np.random.Generator, per_day: int, *, shared: float = 0.0) -> dict[str, Profile]:
    """Fifty features, a fifth of them categories; `shared` is what the rows of a day have in common."""
    days = np.repeat(np.arange(DAYS), per_day)
    made = {}
    for index in range(FEATURES):
        values = drawn(random, days, shared)
        made[f"f{index}"] = _kinds(values, days) if index % 5 == 4 else profile_numbers(values, days)
    return made


def drawn(random: np.random.Generator, days: np.ndarray, shared: float) -> np.ndarray:
    level = random.normal(size=int(days.max()) + 1)
    return shared * level[days] + np.sqrt(1 - shared**2) * random.normal(size=len(days))


def _codes(values: np.ndarray) -> np.ndarray:
    return np.searchsorted([-1.0, -0.5, 0.0, 0.5, 1.0], values)


def _kinds(values: np.ndarray, days: np.ndarray) -> Profile:
    return profile_categories(_codes(values), list("abcdef"), days)


def window_of(reference: dict[str, Profile], values: list[np.ndarray]) -> dict[str, Profile]:
    made = {}
    for (name, one), array in zip(reference.items(), values, strict=True):
        if one.numeric:
            made[name] = Profile(one.bins, one.bins.count(array))
        else:
            names, counts = np.unique(np.array(list("abcdef"))[_codes(array)], return_counts=True)
            made[name] = Profile(one.bins, one.bins.count(dict(zip(names.tolist(), counts.tolist(), strict=True))))
    return made


def alarms(trigger, checks: int, rows: int, *, shared: float = 0.0, per_day: int = 80) -> int:
    random = np.random.default_rng(rows + int(100 * shared))
    fired = 0
    for _ in range(checks):
        reference = references(random, per_day, shared=shared)
        days = np.sort(random.integers(0, WINDOW, rows))
        window = window_of(reference, [drawn(random, days, shared) for _ in range(FEATURES)])
        fired += judge_drift(trigger, reference, window, days=WINDOW).state == "fired"
    return fired


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda one: one.label)
@pytest.mark.parametrize(("rows", "checks"), [(50, 100), (500, 60), (5000, 40)])
def test_independent_rows_alarm_no_more_often_than_promised(trigger, rows, checks):
    assert alarms(trigger, checks, rows) <= allowed(trigger.alpha, checks)


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda one: one.label)
def test_rows_alike_within_a_day_alarm_at_most_twice_as_often(trigger):
    assert alarms(trigger, 60, 1400, shared=0.6) <= allowed(2 * trigger.alpha, 60)


def bare(trigger):
    """The trigger without its practical threshold and natural variation: its significance test alone."""
    least = {"threshold": 0.0} if isinstance(trigger, PSI) else {"min_effect": 0.0}
    return type(trigger)(min_rows=2, natural=0.0, **least)


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda one: one.label)
@pytest.mark.parametrize(("rows", "shared", "rate"), [(50, 0.0, 1), (1000, 0.0, 1), (1400, 0.5, 2)])
def test_the_significance_test_alone_keeps_the_promise_too(trigger, rows, shared, rate):
    checks = 60
    assert alarms(bare(trigger), checks, rows, shared=shared) <= allowed(rate * trigger.alpha, checks)


@pytest.mark.prove
@pytest.mark.parametrize("trigger", [*TRIGGERS, bare(TRIGGERS[0]), bare(TRIGGERS[1])], ids=str)
@pytest.mark.parametrize("rows", [50, 1000, 100_000, 1_000_000])
def test_many_more_checks_keep_the_promise(trigger, rows):
    checks = 400 if rows <= 1000 else 40
    assert alarms(trigger, checks, rows) <= allowed(trigger.alpha, checks)


def power(trigger, rows: int, change, checks: int = 60) -> float:
    random = np.random.default_rng(7)
    seen = 0
    for _ in range(checks):
        reference = references(random, 200)
        values = [random.normal(size=rows) for _ in range(FEATURES)]
        values[0] = change(random, values[0])
        verdict = judge_drift(trigger, reference, window_of(reference, values), days=WINDOW)
        seen += verdict.state == "fired" and verdict.features[0].feature == "f0"
    return seen / checks


def psi_of_a_quarter(random: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """A shift of the mean by half a standard deviation: a PSI of 0.25 for the normal law."""
    return values + 0.5


def test_a_psi_shift_of_a_quarter_is_seen_in_2000_rows():
    assert power(PSI(), 2000, psi_of_a_quarter) >= 0.95


def test_a_mean_shift_of_half_a_deviation_is_seen_in_500_rows():
    assert power(KS(), 500, lambda random, values: values + 0.5) >= 0.95


def test_a_quiet_verdict_says_what_it_would_have_seen():
    random = np.random.default_rng(8)
    reference = references(random, 200)
    values = [random.normal(size=2000) for _ in range(FEATURES)]
    verdict = judge_drift(PSI(), reference, window_of(reference, values), days=WINDOW)
    assert verdict.state == "quiet"
    assert verdict.smallest_shift == pytest.approx(0.2)
    assert "seen would have been" in verdict.reason


def test_few_rows_are_insufficient_and_blind():
    random = np.random.default_rng(9)
    reference = references(random, 20)
    verdict = judge_drift(PSI(), reference, window_of(reference, [np.zeros(3)] * FEATURES), days=WINDOW)
    assert (verdict.state, verdict.blind, verdict.rows) == ("insufficient", True, 3)


def shifted(random, *names: int):
    reference = references(random, 200)
    return reference, window_of(reference, [random.normal(size=3000) + 2 * (one in names) for one in range(FEATURES)])


def test_natural_variation_keeps_a_restless_feature_quiet():
    random = np.random.default_rng(10)
    days = np.repeat(np.arange(DAYS), 200)
    weather = np.repeat(np.cumsum(random.normal(size=DAYS)), 200) + random.normal(size=len(days))
    reference = {"weather": profile_numbers(weather, days)}
    next_week = {"weather": Profile(reference["weather"].bins, reference["weather"].bins.count(weather[-1400:] + 0.5))}
    assert judge_drift(PSI(), reference, next_week, days=WINDOW).state == "quiet"
    assert judge_drift(PSI(natural=0.0, alpha=0.5), reference, next_week, days=WINDOW).state == "fired"


@pytest.mark.parametrize("kind", [PSI, KS])
def test_a_lone_feature_fires_unless_several_are_asked_for_or_it_is_critical(kind):
    reference, window = shifted(np.random.default_rng(11), 3)
    assert judge_drift(kind(), reference, window, days=WINDOW).state == "fired"
    assert judge_drift(kind(min_features=2), reference, window, days=WINDOW).state == "quiet"
    assert judge_drift(kind(min_features=2, critical=["f3"]), reference, window, days=WINDOW).state == "fired"
    assert judge_drift(kind(features=["f1", "f2"]), reference, window, days=WINDOW).state == "quiet"


def test_unimportant_features_can_be_left_out():
    reference, window = shifted(np.random.default_rng(12), 3)
    importance = {f"f{index}": 0.001 if index == 3 else 0.02 for index in range(FEATURES)}
    asked = PSI(min_importance=0.01)
    assert judge_drift(asked, reference, window, days=WINDOW, importance=importance).state == "quiet"
    assert judge_drift(PSI(), reference, window, days=WINDOW, importance=importance).state == "fired"


def test_a_new_category_counts():
    random = np.random.default_rng(13)
    reference = {
        "kind": profile_categories(random.integers(0, 5, 12_000), list("abcde"), np.repeat(np.arange(60), 200))
    }
    bins = reference["kind"].bins
    window = {"kind": Profile(bins, bins.count({"a": 200, "b": 200, "c": 200, "d": 200, "z": 200}))}
    for trigger in TRIGGERS:
        assert judge_drift(trigger, reference, window, days=WINDOW).state == "fired"


def test_values_gone_missing_are_a_psi_of_their_own():
    random = np.random.default_rng(14)
    reference, _ = shifted(random)
    bins = reference["f0"].bins
    window = {"f0": Profile(bins, bins.count(random.normal(size=500)), missing=500)}
    assert judge_drift(PSI(features=["f0"]), reference, window, days=WINDOW).state == "fired"


def test_no_feature_is_so_restless_that_nothing_could_be_seen_in_it():
    random = np.random.default_rng(15)
    days = np.repeat(np.arange(DAYS), 200)
    seasons = np.repeat(np.cumsum(random.normal(size=DAYS)), 200) * 3 + random.normal(size=len(days))
    reference = {"season": profile_numbers(seasons, days)}
    bins = reference["season"].bins
    elsewhere = {"season": Profile(bins, bins.count(np.full(1400, seasons.max() + 1)))}
    verdict = judge_drift(KS(), reference, elsewhere, days=WINDOW)
    assert verdict.features[0].natural > 0.7
    assert verdict.features[0].limit < 1
    assert verdict.state == "fired"
