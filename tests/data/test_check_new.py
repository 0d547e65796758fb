from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from retrain_plugin import DataFault
from retrain_plugin.data.check import check_new
from retrain_plugin.data.profile import profile_against, profile_rows
from retrain_plugin.data.rows import Rows
from retrain_plugin.declare.window import Window
from tests.conftest import AS_OF

DAY = timedelta(days=1)
CONTRACT = DataFault(min_rows=50)


def rows(start, length, *, per_day=200, seed=0, **changes):
    """Rows whose `x` is the hour of the day, `noise` is noise, and `kind` is one of three."""
    random = np.random.default_rng(seed)
    count = max(60, int(per_day * length / DAY))
    at = pd.Timestamp(start) + pd.to_timedelta(np.sort(random.uniform(0, length / DAY, count)), unit="D")
    frame = pd.DataFrame(
        {
            "x": at.hour + at.minute / 60,
            "noise": random.normal(size=count),
            "kind": pd.Categorical(random.choice(["red", "green", "blue"], count)),
        }
    ).assign(**changes)
    times = at.tz_convert(None).as_unit("us").to_numpy()
    return Rows(Window(start, start + length), frame, random.integers(0, 2, count), times, times[:0])


@pytest.fixture
def reference():
    return profile_rows(rows(AS_OF - 30 * DAY, 30 * DAY))


def errors(model, new, reference, whole=None):
    return [one.check for one in check_new(model, new, reference, CONTRACT, whole=whole) if one.severity == "error"]


def test_an_hour_that_is_like_that_hour_of_any_day_is_no_fault(model, reference):
    assert errors(model, rows(AS_OF, timedelta(hours=1), seed=1), reference) == []


def test_a_day_of_one_hour_alone_is_one(model, reference):
    assert "single" in errors(model, rows(AS_OF, DAY, seed=1, x=7.0), reference)


def test_broken_rows_are_found_within_the_hour_too(model, reference):
    hour = rows(AS_OF, timedelta(hours=1), seed=1, noise=np.nan)
    assert set(errors(model, hour, reference)) == {"missing"}
    assert errors(model, rows(AS_OF, timedelta(hours=1), seed=1, noise=1e6), reference) == ["far"]


def test_one_class_alone_is_no_fault_for_a_short_while(model, reference):
    new = rows(AS_OF, timedelta(hours=1), seed=1)
    object.__setattr__(new, "target", np.zeros(len(new), dtype=int))
    assert errors(model, new, reference) == []


def test_what_was_so_in_the_rows_learnt_last_is_the_season(model, reference):
    new = rows(AS_OF, DAY, seed=1, noise=np.random.default_rng(2).normal(loc=6, size=200))
    assert errors(model, new, reference)
    before = profile_against(
        rows(AS_OF - DAY, DAY, seed=3, noise=np.random.default_rng(4).normal(loc=6, size=200)), reference
    )
    assert errors(model, new, reference, before) == []
