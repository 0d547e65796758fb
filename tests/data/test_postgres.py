"""The same rows from a real PostgreSQL server, through the connection's address."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from retrain_plugin import DataError, Table
from retrain_plugin.data.rows import load
from retrain_plugin.workflow import retrain
from tests.conftest import AS_OF, events
from tests.data.test_rows import WINDOW
from tests.postgres import PASSWORD, put


@pytest.fixture
def table(model, postgres, monkeypatch):
    """The events as a table; label and time columns of the database's own types."""
    put(events(), postgres)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", postgres)
    return replace(model, source=Table("events", connection="warehouse", event_time="at", label_delay="1D"))


def test_a_table_gives_the_same_rows_as_the_files(model, table):
    ours, theirs = (load(one, WINDOW, AS_OF) for one in (model, table))
    assert len(ours) == len(theirs) > 1000
    pd.testing.assert_frame_equal(ours.frame, theirs.frame)
    assert (ours.target == theirs.target).all()


@pytest.mark.usefixtures("mlflow_here")
def test_a_model_is_retrained_from_a_table(table, strategy):
    assert retrain(table, strategy, as_of=AS_OF).promoted


def test_an_unreachable_server_is_named_without_its_password(table, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"postgresql://ml:{PASSWORD}@127.0.0.1:1/postgres")
    with pytest.raises(DataError, match="connection 'warehouse'") as caught:
        load(table, WINDOW, AS_OF)
    assert PASSWORD not in str(caught.value)


def test_a_missing_table_is_named(table):
    with pytest.raises(DataError, match="nothing_here"):
        load(replace(table, source=replace(table.source, name="nothing_here")), WINDOW, AS_OF)
