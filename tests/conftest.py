"""Real things to test against: Parquet on disk, a MLflow on SQLite, a PostgreSQL server, an Airflow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

from retrain_plugin import Expectations, Gate, Model, Parquet, Periodic
from tests.postgres import server

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
AS_OF = datetime(2024, 3, 1, tzinfo=timezone.utc)


def events(days: int = 120, per_day: int = 60, *, seed: int = 0) -> pd.DataFrame:
    """A year's worth of small, learnable events: `y` follows `x` and `kind`, `value` is their level."""
    random = np.random.default_rng(seed)
    count = days * per_day
    at = pd.Timestamp(START) + pd.to_timedelta(np.sort(random.uniform(0, days, count)), unit="D")
    x = random.normal(size=count)
    kind = random.choice(["red", "green", "blue"], count)
    value = 2 * x + (kind == "red") + random.normal(scale=0.5, size=count)
    return pd.DataFrame({"at": at, "x": x, "noise": random.normal(size=count), "kind": kind,
                         "y": value + random.normal(scale=1.0, size=count) > 0.5, "value": value})  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of monthly Parquet files."""
    write(tmp_path / "events", events())
    return tmp_path / "events"


def write(folder: Path, frame: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for month, rows in frame.groupby(frame["at"].dt.strftime("%Y-%m")):
        rows.to_parquet(folder / f"{month}.parquet", index=False)


def declared(folder: Path | str, estimator: str = "tests.estimators:trees") -> Model:
    """A model of the events in a folder."""
    return Model(
        name="events",
        source=Parquet(f"{folder}/*.parquet", event_time="at", label_delay="1D"),
        features=["x", "noise", "kind"],
        target="y",
        estimator=estimator,
        metric="roc_auc",
        expect=Expectations(min_train_rows=200, min_holdout_rows=50),
    )


@pytest.fixture
def model(folder: Path) -> Model:
    return declared(folder)


@pytest.fixture
def strategy() -> Periodic:
    return Periodic(schedule="@weekly", train="30D", holdout="7D", gate=Gate(resamples=100, min_rows=100))


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty MLflow database to copy: migrating takes seconds, copying does not."""
    from mlflow.tracking import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "empty.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def mlflow_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_mlflow: Path) -> Iterator[str]:
    """A MLflow of this test's own, on SQLite."""
    import mlflow

    uri = f"sqlite:///{shutil.copy(empty_mlflow, tmp_path / 'mlflow.db')}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", str(tmp_path / "artifacts"))
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    yield uri
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL database, with user and password."""
    with server() as running:
        yield f"{running.address}/postgres"


def weeks(count: int) -> list[datetime]:
    return [AS_OF + timedelta(weeks=week) for week in range(count)]


def with_source(model: Model, **changes: object) -> Model:
    return replace(model, source=replace(model.source, **changes))
