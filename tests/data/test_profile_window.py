"""A window counted by the engine is the window counted in memory, whichever engine it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from retrain_plugin import DataError, Table
from retrain_plugin.data.connection import environment_connections, open_table
from retrain_plugin.data.profile import _by_unnesting, profile_against, profile_rows, profile_window
from retrain_plugin.data.rows import load, visible
from retrain_plugin.declare.window import Window
from retrain_plugin.statistics.profile import profile_to_json
from tests.conftest import AS_OF, START, events, write
from tests.postgres import put

LENGTH = pd.Timedelta("7D")
TRAINED = Window(START, AS_OF - 2 * LENGTH)
NEWEST = Window(AS_OF - LENGTH, AS_OF)


@pytest.fixture
def strange(folder):
    """Events with all that a number or a text can be."""
    frame = events()
    frame.loc[frame.index % 7 == 0, "x"] = np.nan
    frame.loc[frame.index % 11 == 0, "x"] = np.inf
    frame.loc[frame.index % 13 == 0, "x"] = -np.inf
    frame.loc[frame.index % 17 == 0, "noise"] = -1e300
    frame.loc[frame.index % 19 == 0, "kind"] = None
    frame.loc[frame.index % 23 == 0, "kind"] = ""
    frame.loc[(frame.index % 29 == 0) & (frame["at"] > pd.Timestamp(NEWEST.start)), "kind"] = "pink"
    write(folder, frame)
    return frame


@pytest.fixture
def reference(model, strange):
    return profile_rows(load(replace(model, source=replace(model.source, label_delay="0D")), TRAINED, AS_OF))


def in_memory(model, reference):
    labelled = replace(model, source=replace(model.source, label_delay="0D"))
    return profile_to_json(profile_against(load(labelled, NEWEST, AS_OF), reference))


def test_duckdb_counts_what_memory_counts(model, reference):
    found = profile_window(model, NEWEST, AS_OF, reference)
    assert profile_to_json(found) == in_memory(model, reference)
    assert found["x"].non_finite > 0 < found["x"].missing
    assert found["kind"].unseen > 0


def test_the_expression_for_any_engine_counts_the_same(model, reference):
    with open_table(model, environment_connections) as table:
        found = _by_unnesting(visible(model, table, NEWEST, list(reference)), reference)
    assert profile_to_json(found) == in_memory(model, reference)


def test_postgres_counts_the_same(model, reference, strange, postgres, monkeypatch):
    put(strange.assign(kind=strange["kind"].astype(object).where(strange["kind"].notna(), None)), postgres)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", postgres)
    table = replace(model, source=Table("events", connection="warehouse", event_time="at", label_delay="1D"))
    assert profile_to_json(profile_window(table, NEWEST, AS_OF, reference)) == in_memory(model, reference)


def test_labels_are_not_needed_and_the_future_is_not_counted(model, reference, folder, strange):
    write(folder, strange.assign(y=None).astype({"y": "boolean"}))
    before = profile_window(model, NEWEST, AS_OF, reference)
    future = strange["at"] >= pd.Timestamp(AS_OF)
    write(folder, strange.assign(x=strange["x"].mask(future, 77.0)))
    assert profile_to_json(profile_window(model, NEWEST, AS_OF, reference)) == profile_to_json(before)
    with pytest.raises(DataError, match="reaches beyond"):
        profile_window(model, Window(AS_OF, AS_OF + LENGTH), AS_OF, reference)


def test_an_empty_window_has_no_rows(model, reference):
    long_ago = Window(START - 9 * LENGTH, START - 8 * LENGTH)
    assert {one.rows for one in profile_window(model, long_ago, AS_OF, reference).values()} == {0}


def test_a_column_gone_or_of_another_kind_is_named(model, reference, folder, strange):
    write(folder, strange.assign(x=strange["x"].astype(str)))
    with pytest.raises(DataError, match="'x' was a number"):
        profile_window(model, NEWEST, AS_OF, reference)
    write(folder, strange.drop(columns="noise"))
    with pytest.raises(DataError, match="'noise'"):
        profile_window(model, NEWEST, AS_OF, reference)
