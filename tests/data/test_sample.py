from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from retrain_plugin import Parquet
from retrain_plugin.data.rows import load
from retrain_plugin.data.sample import Learnt, cut, learnable, new_rows, remembered_rows, replayed
from retrain_plugin.declare.window import Window
from tests.conftest import AS_OF, START, events, write
from tests.data.test_postgres import table  # noqa: F401

HORIZON = AS_OF - timedelta(days=1)
PAST = Window(START, HORIZON)
LEARNT = Learnt(START, HORIZON, AS_OF)
SHARE = {"memory": 0.1}


def identities(rows):
    return set(zip(rows.event_time, rows.frame["x"], strict=True))


def remembered(model, **options):
    return remembered_rows(model, PAST, AS_OF, **{"periods": 1, "most": 10**6, **SHARE, **options})


def replay(model, count, as_of=AS_OF, **options):
    return replayed(model, LEARNT, count, as_of, **{"periods": 6, **SHARE, **options})


def test_memory_and_what_may_be_learnt_share_no_row_and_leave_none_out(model):
    every = load(model, PAST, AS_OF)
    kept, learnt = remembered(model), load(model, PAST, AS_OF, chosen=learnable(model, 0.1))
    assert identities(kept).isdisjoint(identities(learnt))
    assert identities(kept) | identities(learnt) == identities(every)
    assert 0.07 < len(kept) / len(every) < 0.13


def test_the_memory_set_is_the_same_however_the_files_are_cut_and_whatever_else_there_is(model, folder):
    before = identities(remembered(model))
    frame = events()
    later = frame.assign(at=frame["at"] + pd.Timedelta("200D"), x=frame["x"] + 1)
    for file in folder.iterdir():
        file.unlink()
    for part in range(3):
        pd.concat([frame, later]).iloc[part::3].to_parquet(folder / f"part-{part}.parquet", index=False)
    assert identities(remembered(model)) == before


def test_a_larger_share_keeps_every_row_of_a_smaller_one(model):
    assert identities(remembered(model, memory=0.05)) < identities(remembered(model, memory=0.2))


def test_a_repeated_row_is_on_the_side_of_the_first(model, folder):
    once = identities(remembered(model))
    frame = events()
    write(folder, pd.concat([frame, frame]))
    found = remembered(model)
    assert (identities(found), len(found)) == (once, 2 * len(once))


def test_replay_is_exact_in_number_even_over_the_past_and_never_from_memory(model):
    found = replay(model, 601)
    assert len(found) == 601
    each = [len(part) for part in found.split(*cut(PAST, 6))]
    assert max(each) - min(each) <= 1
    assert identities(found).isdisjoint(identities(remembered(model)))
    assert identities(found) <= identities(load(model, PAST, AS_OF))


def test_replay_is_the_same_for_one_moment_and_another_for_the_next(model):
    assert replay(model, 300).digest == replay(model, 300).digest
    assert replay(model, 300).digest != replay(model, 300, AS_OF + timedelta(minutes=15)).digest


def test_few_replayed_rows_come_from_every_period_in_the_long_run(model):
    found = [replay(model, 2, AS_OF + timedelta(minutes=minute)) for minute in range(30)]
    assert {len(one) for one in found} == {2}
    each = np.sum([[len(part) for part in one.split(*cut(PAST, 6))] for one in found], axis=0)
    assert each.min() >= 3


def test_recency_replays_the_newer_more(model):
    each = [len(part) for part in replay(model, 600, half_life=timedelta(days=20)).split(*cut(PAST, 6))]
    assert each == sorted(each)
    # A period is 59 / 6 days long: half a half-life.
    assert each[-1] / each[0] == pytest.approx(2 ** (5 * 59 / 6 / 20), rel=0.1)


def test_most_limits_the_memory_set_to_a_part_of_itself(model):
    few = remembered(model, most=60, periods=6)
    assert len(few) == 60
    assert identities(few) < identities(remembered(model))


def test_new_rows_begin_at_the_mark_and_end_at_the_label_horizon(model):
    as_of = AS_OF + timedelta(days=2)
    found = new_rows(model, LEARNT, as_of, **SHARE)
    every = load(model, Window(HORIZON, as_of - timedelta(days=1)), as_of)
    assert identities(found) == identities(every) - identities(
        remembered_rows(model, every.window, as_of, periods=1, most=10**6, **SHARE)
    )


def test_late_labels_are_learnt_once_when_they_come(model, folder):
    frame = events()
    frame["known"] = frame["at"] + pd.to_timedelta(np.random.default_rng(0).exponential(2, len(frame)), unit="D")
    write(folder, frame)
    timed = replace(model, source=Parquet(f"{folder}/*.parquet", event_time="at", label_time="known"))
    learnt, seen = Learnt(START, AS_OF, AS_OF), []
    for day in range(1, 30):
        as_of = AS_OF + timedelta(days=day)
        seen += new_rows(timed, learnt, as_of, **SHARE).frame["x"].tolist()
        learnt = Learnt(START, as_of, as_of)
    known = frame[(frame["at"] < as_of) & (frame["known"] < as_of)]
    fresh = known[(known["at"] >= AS_OF) | (known["known"] >= AS_OF)]
    memory = remembered_rows(timed, Window(START, as_of), as_of, periods=1, most=10**6, **SHARE)
    assert len(seen) == len(set(seen))
    assert set(seen) == set(fresh["x"]) - set(memory.frame["x"])
    assert ((known["at"] < AS_OF) & (known["known"] >= AS_OF)).sum() > 20


def test_a_database_samples_by_the_same_rules(table):  # noqa: F811
    kept, learnt = remembered(table), load(table, PAST, AS_OF, chosen=learnable(table, 0.1))
    assert identities(kept).isdisjoint(identities(learnt))
    assert 0.07 < len(kept) / (len(kept) + len(learnt)) < 0.13
    found = replay(table, 300)
    assert len(found) == 300
    assert identities(found) <= identities(learnt)
