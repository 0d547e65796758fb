"""What Airflow adds to a retrain: wall time of a real backfill against the fits in it, with and without preloading."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow

from demo.flights import write_parquet
from demo.stack import Stack
from retrain_plugin.registry.attempt import runs

ROOT = Path(__file__).parents[1]
WEEKS = 8
FIRST = datetime(2013, 6, 2, tzinfo=timezone.utc)


def measure(*, preload: bool) -> tuple[float, float, float]:
    """Wall seconds of the backfill, seconds of fitting in it, and the largest peak memory of a task in MB."""
    with TemporaryDirectory(prefix="backfill-") as folder:
        write_parquet(Path(folder, "data", "flights"))
        with Stack(Path(folder), dags=ROOT / "dags", cwd=Path(folder), preload=preload) as stack:
            stack.start_mlflow()
            stack.start_airflow()
            while not stack.api("GET", "dags")["dags"]:
                time.sleep(1)
            last = FIRST + timedelta(weeks=WEEKS - 1)
            stack.airflow(
                "backfill", "create", "--dag-id", "flights_periodic", "--from-date", f"{FIRST:%Y-%m-%dT%H:%M:%S}",
                "--to-date", f"{last:%Y-%m-%dT%H:%M:%S}",
            )  # fmt: skip
            stack.api("PATCH", "dags/flights_periodic?update_mask=is_paused", {"is_paused": False})
            while True:
                found = [run for run in stack.runs("flights_periodic") if run["run_type"] == "backfill"]
                if len(found) == WEEKS and all(run["state"] in ("success", "failed") for run in found):
                    break
                time.sleep(0.5)
            begun = min(datetime.fromisoformat(run["start_date"]) for run in found)
            ended = max(datetime.fromisoformat(run["end_date"]) for run in found)
            mlflow.set_tracking_uri(stack.mlflow_url)
            metrics = [run.data.metrics for run in runs("flights-late") if "fit_seconds" in run.data.metrics]
    fits = sum(one["fit_seconds"] + one.get("refit_seconds", 0) for one in metrics)
    return (ended - begun).total_seconds(), fits, max(one["peak_memory_mb"] for one in metrics)


def main() -> None:
    """Print both measurements and their ratio."""
    walls = {}
    for preload in (True, False):
        wall, fits, peak = measure(preload=preload)
        walls[preload] = wall
        print(
            f"preload {preload}: {WEEKS} weeks in {wall:.0f} s, fits {fits:.1f} s, "
            f"overhead {(wall - fits) / WEEKS:.1f} s a run, peak memory of a task {peak:.0f} MB",
            flush=True,
        )
    print(f"without preloading it takes {walls[False] / walls[True]:.1f} times as long")


if __name__ == "__main__":
    main()
