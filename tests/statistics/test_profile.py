from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrain_plugin.statistics.profile import (
    profile_categories,
    profile_from_json,
    profile_numbers,
    profile_to_json,
)

numbers = st.lists(st.floats(width=32) | st.sampled_from([0.0, 1.0, float("nan"), float("inf")]), max_size=300)


@given(numbers, st.integers(1, 64))
def test_every_value_is_counted_once(values, bins):
    array = np.array(values, dtype=float)
    found = profile_numbers(array, bins=bins)
    assert found.missing == np.isnan(array).sum()
    assert found.non_finite == np.isinf(array).sum()
    assert sum(found.counts) + found.missing + found.non_finite == found.rows == len(values)
    finite = array[np.isfinite(array)]
    if len(finite):
        assert (found.edges[0], found.edges[-1]) == (finite.min(), finite.max())
    assert len(found.counts) <= bins


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 9)), st.integers(0, 5), st.integers(0, 5))
def test_rare_categories_are_counted_together(counted, missing, most):
    found = profile_categories(counted, missing=missing, most=most)
    assert len(found.counts) <= most
    assert sum(found.counts.values()) + found.other + missing == found.rows
    if found.other:
        assert min(found.counts.values(), default=10) >= max(
            (count for name, count in counted.items() if name not in found.counts)
        )


@given(numbers)
def test_profiles_survive_json(values):
    profile = {"x": profile_numbers(np.array(values, dtype=float)), "k": profile_categories({"a": 2}, missing=1)}
    assert profile_from_json(json.loads(json.dumps(profile_to_json(profile)))) == profile
