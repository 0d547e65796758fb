"""Broken data is not drift: each rule alone, on features that move by themselves."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from retrain_plugin import DataFault
from retrain_plugin.decide.contract import faults
from retrain_plugin.statistics.profile import Profile, profile_categories, profile_numbers

EPOCH, DAYS, PER_DAY = date(1970, 1, 1), 60, 150
AFTER = EPOCH + timedelta(days=DAYS)
days = np.repeat(np.arange(DAYS), PER_DAY)


def temperatures(random: np.random.Generator, length: int, start: float = 50.0) -> np.ndarray:
    """A level that wanders from day to day, and the hours around it."""
    level = start + np.cumsum(random.normal(scale=2.0, size=length))
    return np.repeat(level, PER_DAY) + random.normal(scale=5.0, size=length * PER_DAY)


weather = temperatures(np.random.default_rng(6), DAYS)


@pytest.fixture
def known() -> dict[str, Profile]:
    random = np.random.default_rng(0)
    rain = np.where(random.random(len(days)) < 0.9, 0.0, random.exponential(0.1, len(days)))
    return {
        "temp": profile_numbers(weather, days),
        "speed": profile_numbers(random.normal(30, 5, len(days)), days),
        "rain": profile_numbers(rain, days),
        "kind": profile_categories(random.choice(4, len(days), p=[0.5, 0.3, 0.15, 0.05]), list("abcd"), days),
    }


def week(known: dict[str, Profile], *, seed: int = 1, **changed: np.ndarray) -> dict[str, Profile]:
    random = np.random.default_rng(seed)
    rows = 7 * PER_DAY
    edges = known["temp"].bins.edges
    values = {
        "temp": np.clip(temperatures(random, 7, weather[-PER_DAY:].mean()), edges[0], edges[-1]),
        "speed": random.normal(30, 5, rows),
        "rain": np.where(random.random(rows) < 0.9, 0.0, random.exponential(0.1, rows)),
        "kind": np.array(list("abcd"))[random.choice(4, rows, p=[0.5, 0.3, 0.15, 0.05])],
        **changed,
    }
    made = {}
    for name, array in values.items():
        bins = known[name].bins
        if known[name].numeric:
            finite = np.isfinite(array)
            made[name] = Profile(bins, bins.count(array[finite]), int((~finite).sum()))
        else:
            names, counts = np.unique(array, return_counts=True)
            made[name] = Profile(bins, bins.count(dict(zip(names.tolist(), counts.tolist(), strict=True))))
    return made


def found(known, window, **options):
    return {(one.feature, one.rule) for one in faults(DataFault(), known, window, days=7, start=AFTER, **options)}


def test_ordinary_weeks_keep_the_contract(known):
    assert [found(known, week(known, seed=seed)) for seed in range(20)] == [set()] * 20


speeds = np.random.default_rng(2).normal(30, 5, 7 * PER_DAY)
third = np.random.default_rng(3).random(7 * PER_DAY) < 0.36
BROKEN = {
    "another unit": ({"speed": speeds * 1.609}, ("speed", "sudden")),
    "far outside": ({"speed": np.where(third, 9999.0, speeds)}, ("speed", "far")),
    "gone missing": ({"speed": np.where(third, np.nan, speeds)}, ("speed", "missing")),
    "stuck": ({"speed": np.full(7 * PER_DAY, 30.0)}, ("speed", "single")),
    "a new category": ({"kind": np.where(third, "?", "a")}, ("kind", "unseen")),
    "renamed": ({"kind": np.random.default_rng(4).choice(list("cd"), 7 * PER_DAY)}, ("kind", "gone")),
    "a leap in a restless feature": ({"temp": np.full(7 * PER_DAY, 30.0) + speeds / 30}, ("temp", "step")),
    "millimetres of rain": (
        {"rain": 25.4 * np.where(third[::-1] & third, np.abs(speeds) / 100, 0.0)},
        ("rain", "beside"),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_weeks_do_not(known, case):
    changed, expected = BROKEN[case]
    assert expected in found(known, week(known, **changed))


def test_every_fault_says_what_and_how_much(known):
    changed, _ = BROKEN["gone missing"]
    [one] = [one for one in faults(DataFault(), known, week(known, **changed), days=7, start=AFTER)
             if one.rule == "missing"]  # fmt: skip
    assert one.value > one.limit
    assert str(one).startswith("speed: ")
    assert "are missing or infinite" in str(one)


def test_what_was_so_in_the_last_whole_window_is_the_worlds_slow_change(known):
    season = temperatures(np.random.default_rng(5), 7, 400.0)
    assert ("temp", "far") in found(known, week(known, temp=season))
    later = {"temp": season + 3.0}
    assert found(known, week(known, **later), whole=week(known, temp=season)) == set()
    broken = week(known, temp=np.where(third, np.nan, season))
    assert ("temp", "missing") in found(known, broken, whole=week(known, temp=season))


def test_a_reference_too_short_for_natural_variation_leaves_the_plain_rules():
    short = {"speed": profile_numbers(speeds[: 10 * PER_DAY], days[: len(speeds[: 10 * PER_DAY])])}
    bins = short["speed"].bins
    shifted = {"speed": Profile(bins, bins.count(speeds + 4.0))}
    assert faults(DataFault(), short, shifted, days=7, start=AFTER) == []
    lost = {"speed": Profile(bins, bins.count(speeds[:100]), missing=300)}
    assert [one.rule for one in faults(DataFault(), short, lost, days=7, start=AFTER)] == ["missing"]
