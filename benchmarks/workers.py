"""Tasks per minute of the deployment in docker-compose.yaml, with one Celery worker and with two."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.backfill import FIRST, WEEKS
from demo.flights import write_parquet
from deploy.make_secrets import made
from deploy.native import ROOT, Deployment
from tests.postgres import server


def measure(workers: int, *, preload: bool = True) -> tuple[int, float]:
    """Tasks of a backfill that ran, and the seconds from the first to the last of them."""
    with TemporaryDirectory(prefix="workers-") as folder, server() as postgres:
        write_parquet(Path(folder, "data", "flights"))
        given = {**made(), "WORKER_CONCURRENCY": "2", "TRAINING_CONCURRENCY": "2"}
        deployment = Deployment(Path(folder), postgres=postgres.address, dags=ROOT / "dags", given=given)
        # Each takes from both queues, so that one is enough.
        for name in ("worker", "training-worker"):
            service = deployment.services[name]
            service["command"] = [
                "--queues=default,training" if one.startswith("--queues") else one for one in service["command"]
            ]
            if not preload:
                del service["environment"]["AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS"]
        try:
            deployment.start_all()
            if workers == 1:
                deployment.end("training-worker")
            while not deployment.api("GET", "dags")["dags"]:
                time.sleep(1)
            last = FIRST + timedelta(weeks=WEEKS - 1)
            deployment.airflow(
                "backfill", "create", "--dag-id", "flights_periodic", "--from-date", f"{FIRST:%Y-%m-%dT%H:%M:%S}",
                "--to-date", f"{last:%Y-%m-%dT%H:%M:%S}",
            )  # fmt: skip
            deployment.api("PATCH", "dags/flights_periodic?update_mask=is_paused", {"is_paused": False})
            over = {"success", "failed"}
            while len([run for run in backfilled(deployment) if run["state"] in over]) < WEEKS:
                time.sleep(1)
            runs = {run["dag_run_id"] for run in backfilled(deployment)}
            found = deployment.api("GET", "dags/flights_periodic/dagRuns/~/taskInstances?limit=500")["task_instances"]
            # What was skipped never went to a worker.
            tasks = [one for one in found if one["dag_run_id"] in runs and one["queued_when"]]
            for task_id in dict.fromkeys(one["task_id"] for one in tasks):
                took = [one["duration"] for one in tasks if one["task_id"] == task_id]
                tries = sum(one["try_number"] for one in tasks if one["task_id"] == task_id)
                print(f"  {task_id}: {len(took)} tasks, {tries} tries, median {median(took):.1f} s", flush=True)
            begun = min(datetime.fromisoformat(one["start_date"]) for one in tasks)
            ended = max(datetime.fromisoformat(one["end_date"]) for one in tasks)
            return len(tasks), (ended - begun).total_seconds()
        finally:
            deployment.stop()


def backfilled(deployment: Deployment) -> list[dict[str, str]]:
    """The runs of the backfill."""
    found = deployment.api("GET", "dags/flights_periodic/dagRuns")["dag_runs"]
    return [run for run in found if run["run_type"] == "backfill"]


def main() -> None:
    """Print both, and their ratio; and what preloading is worth."""
    rates = []
    for workers, preload in ((1, True), (2, True), (1, False)):
        tasks, seconds = measure(workers, preload=preload)
        rates.append(60 * tasks / seconds)
        print(
            f"{workers} Celery workers, two tasks each, {'' if preload else 'not '}preloading: {tasks} tasks in "
            f"{seconds:.0f} s, {rates[-1]:.0f} a minute",
            flush=True,
        )
    print(f"the second worker makes it {rates[1] / rates[0]:.1f}, preloading {rates[0] / rates[2]:.1f} times as fast")


if __name__ == "__main__":
    main()
