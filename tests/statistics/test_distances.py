"""PSI, K-S, chi-square and Cramér's V from counts, against their definitions and scipy on the raw data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from retrain_plugin.statistics.cramer import cramers_v
from retrain_plugin.statistics.homogeneity import homogeneity
from retrain_plugin.statistics.kolmogorov_smirnov import ks, ks_critical, ks_probability
from retrain_plugin.statistics.natural import natural_variation, own_windows
from retrain_plugin.statistics.profile import Daily, numeric_bins, profile_numbers
from retrain_plugin.statistics.psi import psi

counts = st.lists(st.integers(0, 10_000), min_size=2, max_size=12)
values = st.lists(
    st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 1.0, -1e300, 1e-300]),
    min_size=1,
    max_size=400,
)


def pair(draw_length: int):
    return st.tuples(*[st.lists(st.integers(0, 10_000), min_size=draw_length, max_size=draw_length)] * 2)


@given(st.integers(2, 12).flatmap(pair))
def test_psi_is_its_definition_and_never_infinite(both):
    ours, theirs = (np.array(one) for one in both)
    found = float(psi(ours, theirs))
    assert math.isfinite(found)
    assert found >= 0
    if not ours.sum() or not theirs.sum():
        assert found == 0
        return
    p = [(one + 0.5) / (ours.sum() + 0.5 * len(ours)) for one in ours]
    q = [(one + 0.5) / (theirs.sum() + 0.5 * len(theirs)) for one in theirs]
    assert found == pytest.approx(sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True)), abs=1e-12)
    assert found == pytest.approx(float(psi(theirs, ours)), abs=1e-9)


def test_psi_of_many_windows_at_once_is_that_of_each():
    random = np.random.default_rng(0)
    windows = random.integers(0, 50, (7, 10))
    reference = random.integers(0, 500, 10)
    assert psi(reference, windows) == pytest.approx([float(psi(reference, one)) for one in windows])


@given(values, values)
@settings(max_examples=300)
def test_ks_is_scipys_within_the_largest_bin(one, other):
    reference, window = np.array(one), np.array(other)
    bins = numeric_bins(reference)
    counted = [bins.inner(bins.count(side)) for side in (reference, window)]
    found = float(ks(*counted))
    exact = stats.ks_2samp(reference, window, method="asymp").statistic
    largest = max(float((side / side.sum()).max()) for side in counted)
    assert found <= exact + 1e-12
    assert exact - found <= largest + 1e-12


def test_ks_is_exact_where_every_value_has_a_bin():
    random = np.random.default_rng(1)
    reference, window = random.integers(0, 30, 5000).astype(float), random.integers(0, 31, 700).astype(float)
    bins = numeric_bins(reference)
    found = float(ks(*(bins.inner(bins.count(side)) for side in (reference, window))))
    # Beyond the reference's largest value lies one more, which no edge tells from it.
    seen = np.minimum(window, 29)
    assert found == pytest.approx(stats.ks_2samp(reference, seen).statistic)


@given(st.floats(0, 1), st.integers(1, 10**7), st.integers(1, 10**7))
def test_the_ks_probability_is_scipys_asymptotic_one(distance, n, m):
    rows = n * m / (n + m)
    assert ks_probability(distance, rows) == pytest.approx(float(stats.kstwobign.sf(distance * math.sqrt(rows))))
    if 1e-6 < (p := ks_probability(distance, rows)) < 0.5:
        assert ks_critical(p, rows) == pytest.approx(distance, rel=1e-3)


@given(st.integers(2, 12).flatmap(pair))
def test_the_chi_square_is_scipys(both):
    table = np.array(both)
    found = homogeneity(*table)
    kept = table[:, table.sum(axis=0) > 0]
    if kept.shape[1] < 2 or (table.sum(axis=1) == 0).any():
        assert (found.statistic, found.probability) == (0.0, 1.0)
        return
    oracle = stats.chi2_contingency(kept, correction=False)
    assert found.statistic == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-9)
    assert found.probability == pytest.approx(oracle.pvalue, rel=1e-6, abs=1e-12)


@given(st.integers(2, 12).flatmap(lambda size: st.lists(st.integers(1, 1000), min_size=size, max_size=size)))
def test_cramers_v_is_the_usual_one_for_equal_numbers_of_rows(ours):
    one = np.array(ours)
    other = np.roll(one, 1)
    table = np.vstack([one, other])
    usual = math.sqrt(stats.chi2_contingency(table, correction=False).statistic / table.sum())
    assert float(cramers_v(one, other)) == pytest.approx(usual, abs=1e-9)
    assert float(cramers_v(one, other * 1000)) == pytest.approx(usual, abs=1e-9)


def test_empties_and_single_groups_say_nothing():
    nothing, something = np.array([0, 0]), np.array([3, 4])
    assert float(psi(nothing, something)) == float(ks(something, nothing)) == float(cramers_v(nothing, nothing)) == 0
    assert homogeneity(something, nothing).probability == 1
    assert homogeneity(np.array([5]), np.array([6])).probability == 1


def test_rows_alike_within_a_day_count_as_fewer():
    random = np.random.default_rng(2)
    level = random.normal(size=(60, 1))
    days = np.array(
        [np.histogram(one + 0.1 * random.normal(size=100), [-np.inf, -1, 0, 1, np.inf])[0] for one in level]
    )
    alike = homogeneity(days.sum(axis=0), days[:7].sum(axis=0), daily=days, days=7)
    naive = homogeneity(days.sum(axis=0), days[:7].sum(axis=0))
    assert alike.inflation > 20
    assert alike.probability > 0.01 > naive.probability


def test_independent_rows_count_in_full():
    random = np.random.default_rng(3)
    days = random.multinomial(500, [0.1] * 10, size=60)
    found = homogeneity(days.sum(axis=0), random.multinomial(3500, [0.1] * 10), daily=days, days=7)
    assert found.inflation < 2.5


def test_natural_variation_is_the_worst_of_the_references_own_windows():
    days = np.full((30, 2), 10)
    days[10:13] = [20, 0]
    daily = Daily(None, days)
    windows, rest = own_windows(daily, 3)
    assert len(windows) == 28
    assert (windows + rest == days.sum(axis=0)).all()
    assert natural_variation(daily, 3, psi) == pytest.approx(float(psi(rest[10], windows[10])))
    assert natural_variation(daily, 11, psi) is None
    assert natural_variation(None, 3, psi) is None


def test_a_profile_by_day_makes_the_same_windows_as_its_rows():
    random = np.random.default_rng(4)
    values, days = random.normal(size=3000), np.repeat(np.arange(30), 100)
    found = profile_numbers(values, days)
    assert (found.daily.counts.sum(axis=1) == 100).all()
