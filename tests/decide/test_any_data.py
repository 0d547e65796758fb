"""Whatever the data, a verdict comes out: ties, constants, empties, all missing, huge, tiny, infinite, one category."""

from __future__ import annotations

import json
import math
from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain_plugin import KS, PSI, DataFault
from retrain_plugin.decide.contract import faults
from retrain_plugin.decide.drift import judge_drift
from retrain_plugin.decide.verdict import Verdict
from retrain_plugin.statistics.profile import Profile, profile_categories, profile_numbers

numbers = st.lists(
    st.one_of(
        st.floats(),
        st.sampled_from([0.0, 1.0, 1.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]),
        st.integers(-3, 3).map(float),
    ),
    max_size=200,
)
kinds = st.lists(st.integers(-1, 4), max_size=200)


def over(reference: Profile, values: list[float]) -> Profile:
    array = np.array(values, dtype=float)
    finite = np.isfinite(array)
    missing = int(np.isnan(array).sum())
    return Profile(reference.bins, reference.bins.count(array[finite]), missing, int((~finite).sum()) - missing)


@given(numbers, numbers, kinds, kinds, st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_any_data_give_a_finite_verdict_that_survives_json(values, others, codes, other_codes, days):
    names = list("abcde")
    reference = {
        "x": profile_numbers(np.array(values, dtype=float), np.arange(len(values)) % days),
        "k": profile_categories(np.array(codes, dtype=np.int64), names, np.arange(len(codes)) % days),
    }
    counted = {name: other_codes.count(index) for index, name in enumerate(names)}
    window = {
        "x": over(reference["x"], others),
        "k": Profile(reference["k"].bins, reference["k"].bins.count(counted), other_codes.count(-1)),
    }
    for trigger in (PSI(min_rows=2), KS(min_rows=2)):
        verdict = judge_drift(trigger, reference, window, days=3)
        wire = json.loads(json.dumps(verdict.to_json()))
        assert Verdict.from_json(wire).to_json() == verdict.to_json()
        for one in verdict.features:
            assert math.isfinite(one.statistic)
            assert math.isfinite(one.limit)
            assert 0 <= one.probability <= 1
    for one in faults(DataFault(min_rows=2), reference, window, days=3, start=date(1970, 3, 1)):
        assert math.isfinite(one.value)
        assert one.value > one.limit


@given(numbers)
@settings(max_examples=100, deadline=None)
def test_the_reference_itself_is_never_a_change_nor_a_fault(values):
    reference = {"x": profile_numbers(np.array(values, dtype=float), np.arange(len(values)) % 30)}
    same = {"x": over(reference["x"], values)}
    for trigger in (PSI(min_rows=2), KS(min_rows=2)):
        assert judge_drift(trigger, reference, same, days=3).state != "fired"
    assert faults(DataFault(min_rows=2), reference, same, days=3, start=date(1970, 3, 1)) == []
