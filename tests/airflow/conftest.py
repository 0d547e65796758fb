"""One MLflow and one Airflow on PostgreSQL for all end-to-end tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from demo.stack import Stack
from tests.airflow.driving import CORRUPT, FIRST, until
from tests.conftest import events, write


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("stack")
    past = events(days=150)
    # One week whose labels are all lost: the week that the run of its data interval is judged on.
    lost = (past["at"] >= pd.Timestamp(CORRUPT)) & (past["at"] < pd.Timestamp(CORRUPT + timedelta(weeks=1)))
    past["y"] = past["y"].astype("boolean").mask(lost)
    write(home / "data" / "past", past)
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    live = events(days=60)
    live["at"] += pd.Timestamp(today) + pd.Timedelta("1D") - pd.Timestamp(live["at"].max()).ceil("D")
    write(home / "data" / "live", live)
    watched = events(days=120)
    drifted = watched["at"] >= pd.Timestamp(FIRST + timedelta(weeks=3))
    write(home / "data" / "watched", watched.assign(x=watched["x"] * (1 - 0.2 * drifted) + drifted))
    broken = (watched["at"] >= pd.Timestamp(FIRST + timedelta(weeks=2))) & (watched.index % 2 == 0)
    write(home / "data" / "broken", watched.assign(x=watched["x"].mask(broken)))
    database = postgres.replace("postgresql:", "postgresql+psycopg:")
    # MLflow is found by Airflow's connection alone: nothing answers where the environment points.
    settings = {
        "AIRFLOW__RETRAIN__MLFLOW_CONN_ID": "models",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,vera:viewer",
    }
    # A copy, which tests may add to.
    dags = Path(shutil.copytree(Path(__file__).parent / "dags", home / "dags"))
    with Stack(home, dags=dags, cwd=home, database=database, settings=settings, ports=(0, 0)) as running:
        running.start_mlflow()
        running.start_airflow()
        running.airflow("connections", "add", "models", "--conn-uri", running.mlflow_url)
        running.airflow("connections", "add", "warehouse", "--conn-uri", postgres)
        mlflow.set_tracking_uri(running.mlflow_url)
        mlflow.set_registry_uri(running.mlflow_url)
        until(lambda: len(running.api("GET", "dags")["dags"]) == 19, 120)
        yield running
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
