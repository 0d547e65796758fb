from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain_plugin.statistics.profile import (
    CATEGORIES,
    FINE,
    GROUPS,
    Profile,
    grouped,
    grouping,
    numeric_bins,
    profile_categories,
    profile_from_json,
    profile_numbers,
    profile_to_json,
    widened,
)

numbers = st.lists(
    st.floats(width=32) | st.floats() | st.sampled_from([0.0, 1.0, 1e300, 5e-324, float("nan"), float("inf")]),
    max_size=300,
)
codes = st.lists(st.integers(-1, 30), max_size=200)
NAMES = [f"k{index:02}" for index in range(31)]


@given(numbers)
def test_every_value_is_counted_once_and_nothing_lies_outside_its_own_reference(values):
    array = np.array(values, dtype=float)
    found = profile_numbers(array, np.arange(len(array)) // 7)
    finite = array[np.isfinite(array)]
    assert found.missing == np.isnan(array).sum()
    assert found.non_finite == np.isinf(array).sum()
    assert found.rows == len(values)
    if len(finite):
        assert (found.bins.edges[0], found.bins.edges[-1]) == (finite.min(), finite.max())
        assert len(found.bins.edges) <= FINE + 1
        # A constant keeps its four outer bins; nothing of the reference may be in them.
        assert found.counts[:2].sum() == found.counts[-2:].sum() == 0
    if len(values):
        assert found.daily.counts.sum() == len(values)
        assert (found.daily.counts.sum(axis=0)[:-1] == grouped(found, grouping(found))).all()


@given(numbers, numbers)
def test_values_are_put_where_the_bounds_say(values, others):
    bins = numeric_bins(np.array(values, dtype=float))
    finite = np.array([one for one in others if np.isfinite(one)])
    counts = bins.count(finite)
    upper = [*bins.bounds, np.inf]
    lower = [-np.inf, *bins.bounds]
    for count, low, high in zip(counts, lower, upper, strict=True):
        first = (finite > low) | ((low == -np.inf) & (finite == -np.inf))
        assert count == (first & (finite <= high)).sum()


def test_what_is_far_outside_is_told_from_what_is_just_outside():
    reference = profile_numbers(np.linspace(0.0, 100.0, 1001))
    window = Profile(reference.bins, reference.bins.count(np.array([-11.0, -9.0, 50.0, 109.0, 111.0, 1e9])))
    assert window.far == 3
    assert window.bins.inner(window.counts).sum() == 6


@given(codes)
def test_every_category_has_its_bin_and_days_add_up(values):
    array = np.array(values, dtype=np.int64)
    found = profile_categories(array, NAMES, np.arange(len(array)) % 5)
    assert found.rows == len(values)
    assert found.missing == (array < 0).sum()
    assert found.unseen == 0
    assert list(found.counts[:-1]) == sorted(found.counts[:-1], reverse=True)
    for name, count in zip(found.bins.categories, found.counts, strict=False):
        assert count == (array == NAMES.index(name)).sum()
    if len(values):
        assert found.daily.counts.sum() == len(values)
        assert grouping(found).max() < GROUPS


def test_rare_categories_share_one_bin():
    many = [f"c{index}" for index in range(CATEGORIES + 50)]
    found = profile_categories(np.arange(len(many)), many)
    assert len(found.bins.categories) == CATEGORIES
    assert found.counts[-1] == 50


@given(numbers, codes)
def test_profiles_survive_json(values, kinds):
    days = np.arange(len(values)) // 3
    profile = {
        "x": profile_numbers(np.array(values, dtype=float), days),
        "k": profile_categories(np.array(kinds, dtype=np.int64), NAMES),
    }
    wire = json.loads(json.dumps(profile_to_json(profile)))
    assert profile_to_json(profile_from_json(wire)) == wire


@given(numbers, numbers)
def test_profiles_over_the_same_bins_add_up(one, other):
    bins = numeric_bins(np.array(one, dtype=float))

    def over(values):
        array = np.array(values, dtype=float)
        finite = np.isfinite(array)
        missing = int(np.isnan(array).sum())
        return Profile(bins, bins.count(array[finite]), missing, int((~finite).sum()) - missing)

    whole, added = over([*one, *other]), over(one) + over(other)
    assert (whole.counts == added.counts).all()
    assert (whole.rows, whole.missing, whole.non_finite) == (added.rows, added.missing, added.non_finite)
    with pytest.raises(ValueError, match="different bins"):
        over(one) + profile_numbers(np.array([1.5, 2.5, 77.0]))


def test_only_the_newest_days_are_kept():
    days = np.arange(1000)
    found = profile_numbers(np.ones(1000), days)
    assert found.daily.first == date.fromordinal(date(1970, 1, 1).toordinal() + 600)
    assert len(found.daily.counts) == 400


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_widened_profile_reaches_farther_but_no_farther_than_is_not_far(low, high):
    one = profile_numbers(np.linspace(0, 100, 1000))
    made = widened(one, low, high)
    assert made.counts is one.counts
    edges = made.bins.edges
    assert len(edges) == len(one.bins.edges)
    assert -10 <= edges[0] <= 0
    assert 100 <= edges[-1] <= 110
    if low <= high:
        assert edges[0] == pytest.approx(min(0, max(low, -10)))
        assert edges[-1] == pytest.approx(max(100, min(high, 110)))


def test_what_has_no_range_is_not_widened():
    for one in (profile_numbers(np.full(9, 3.0)), profile_numbers(np.array([])), profile_numbers(np.array([np.nan]))):
        assert widened(one, -5, 5) is one
