"""The deployment of docker-compose.yaml, natively: three DAGs, two queues, and every service killed at its work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import count

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from demo.__main__ import NOW_IN_DATA
from demo.flights import write_parquet
from demo.stack import answers
from deploy.make_secrets import made
from deploy.native import AIRFLOW, ROOT, Deployment
from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.version import champion, own_tags, versions
from tests.postgres import Server, server

MODELS = {
    "flights_periodic": "flights-late",
    "flights_triggered": "flights-late-triggered",
    "flights_continual": "flights-late-continual",
}
WEEK = timedelta(weeks=1)
WEEKS_AGO = count(3)


@pytest.fixture(scope="module")
def postgres_alone() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, postgres_alone) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("deployed")
    write_parquet(home / "data" / "flights", (datetime.now(timezone.utc) - NOW_IN_DATA) // WEEK * WEEK)
    given = {**made(), "LOST_AFTER": "20"}
    deployment = Deployment(home, postgres=postgres_alone.address, dags=ROOT / "dags", given=given)
    try:
        deployment.start_all()
        deployment.until(lambda: len(deployment.api("GET", "dags")["dags"]) == 4, 120, "the DAGs")
        mlflow.set_tracking_uri(deployment.mlflow_url)
        mlflow.set_registry_uri(deployment.mlflow_url)
        yield deployment
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
        deployment.stop()


@pytest.fixture(scope="module")
def served(deployed) -> Deployment:
    """Each of the three DAGs has run once, for the present."""
    for dag_id in MODELS:
        deployed.api("PATCH", f"dags/{dag_id}?update_mask=is_paused", {"is_paused": False})
    for dag_id in MODELS:
        deployed.until(lambda one=dag_id: "success" in states(deployed, one), 400, dag_id)
    # The next tick of ten minutes would come in between.
    deployed.api("PATCH", "dags/flights_continual?update_mask=is_paused", {"is_paused": True})
    return deployed


def states(deployed: Deployment, dag_id: str) -> list[str]:
    return [run["state"] for run in deployed.api("GET", f"dags/{dag_id}/dagRuns")["dag_runs"]]


def tasks(deployed: Deployment, dag_id: str, run_id: str) -> dict[str, dict]:
    found = deployed.api("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
    return {one["task_id"]: one for one in found}


def begin(deployed: Deployment) -> str:
    """A retrain of the periodic DAG for a week of its own, up to its training; its run's id."""
    as_of = (datetime.now(timezone.utc) - next(WEEKS_AGO) * WEEK).isoformat(timespec="seconds")
    body = {"logical_date": None, "conf": {"as_of": as_of, "force": True}}
    run_id = deployed.api("POST", "dags/flights_periodic/dagRuns", body)["dag_run_id"]
    deployed.until(
        lambda: tasks(deployed, "flights_periodic", run_id)["train"]["state"] == "running", 120, "the training"
    )
    return str(run_id)


def good_in_the_end(deployed: Deployment, run_id: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The run comes to its end by itself, and is on record once, with one champion."""

    def over() -> bool:
        try:
            return deployed.api("GET", f"dags/flights_periodic/dagRuns/{run_id}")["state"] in ("success", "failed")
        except (OSError, RuntimeError):
            return False

    took = deployed.until(over, 600, what)
    with capsys.disabled():
        print(f"\n{what}: the retrain was whole {took:.0f} s later")
    assert deployed.api("GET", f"dags/flights_periodic/dagRuns/{run_id}")["state"] == "success"
    mine = [run for run in runs("flights-late") if own_tags(run.data.tags).get("dag_run_id") == run_id]
    current = [run for run in mine if "superseded_by" not in own_tags(run.data.tags)]
    assert [run.info.status for run in current] == ["FINISHED"]
    assert all(run.info.status != "RUNNING" for run in runs("flights-late"))
    assert sum(one.tags.get("dag_run_id") == run_id for one in versions("flights-late")) == 1
    one_champion("flights-late")


def one_champion(name: str) -> None:
    named = MlflowClient().get_model_version_by_alias(name, "champion")
    assert champion(name).number == int(named.version)


def test_the_three_dags_run_on_two_queues(served):
    for dag_id, name in MODELS.items():
        one_champion(name)
        run_id = served.api("GET", f"dags/{dag_id}/dagRuns")["dag_runs"][0]["dag_run_id"]
        queues = {task: one["queue"] for task, one in tasks(served, dag_id, run_id).items()}
        heavy = {"check_data", "train", "validate", "update"}
        assert queues == {task: "training" if task in heavy else "default" for task in queues}
    assert "train" in (served.home / "logs" / "training-worker.log").read_text()


def test_nothing_is_open_without_a_login(deployed):
    with pytest.raises(RuntimeError, match="answered 401"):
        Deployment.api(_Stranger(deployed), "GET", "dags")
    assert not answers(f"{deployed.airflow_url}/api/v2/dags")


class _Stranger:
    """Somebody with a password of his own making."""

    def __init__(self, deployed: Deployment) -> None:
        self.given, self.airflow_url = {"AIRFLOW_ADMIN_PASSWORD": "admin"}, deployed.airflow_url


@pytest.mark.prove
def test_every_health_check_passes(served):
    for service in AIRFLOW:
        assert served.healthy(service), service


@pytest.mark.prove
@pytest.mark.parametrize(
    ("service", "away"), [("training-worker", 2), ("scheduler", 2), ("api-server", 2), ("redis", 2), ("mlflow", 120)]
)
def test_a_service_killed_in_mid_training_is_made_up_for(served, capsys, service, away):
    run_id = begin(served)
    served.end(service)
    time.sleep(away)
    served.start(service)
    good_in_the_end(served, run_id, f"{service} killed, back after {away} s", capsys)


@pytest.mark.prove
def test_a_restart_of_postgresql_in_mid_training_is_made_up_for(served, postgres_alone, capsys):
    run_id = begin(served)
    postgres_alone.restart()
    good_in_the_end(served, run_id, "PostgreSQL restarted", capsys)
