"""What the end-to-end tests do to an Airflow, over its command line and its API."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from demo.stack import Stack

FIRST = datetime(2024, 2, 25, tzinfo=timezone.utc)
WEEKS = 8
CORRUPT = FIRST + timedelta(weeks=5)


def until(ready: Callable[[], bool], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < limit, "not in time"
        time.sleep(1)


def unpause(stack: Stack, dag_id: str) -> None:
    stack.api("PATCH", f"dags/{dag_id}?update_mask=is_paused", {"is_paused": False})


def begin(stack: Stack, dag_id: str, width: int = 10, weeks: int = WEEKS) -> None:
    """Backfill some weeks, so many at once."""
    last = FIRST + timedelta(weeks=weeks - 1)
    stack.airflow(
        "backfill", "create", "--dag-id", dag_id, "--from-date", f"{FIRST:%Y-%m-%dT%H:%M:%S}",
        "--to-date", f"{last:%Y-%m-%dT%H:%M:%S}", "--max-active-runs", str(width),
    )  # fmt: skip
    unpause(stack, dag_id)


def ended(stack: Stack, dag_id: str, weeks: int = WEEKS) -> dict[str, str]:
    """When that many weeks are over, the state of each run by the date it decided for."""
    until(lambda: over(stack, dag_id) == weeks, 900)
    return {run["data_interval_end"][:10]: run["state"] for run in past_runs(stack, dag_id)}


def past_runs(stack: Stack, dag_id: str) -> list[dict]:
    """The backfilled runs; unpausing also starts one for the present week, which has no data."""
    return [run for run in stack.runs(dag_id) if run["run_type"] == "backfill"]


def over(stack: Stack, dag_id: str) -> int:
    return sum(run["state"] in ("success", "failed") for run in past_runs(stack, dag_id))


def states(stack: Stack, dag_id: str, run_id: str) -> dict[str, str]:
    found = stack.api("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
    return {one["task_id"]: one["state"] for one in found}


def finished(stack: Stack, dag_id: str, run_id: str) -> str:
    def state() -> str:
        return stack.api("GET", f"dags/{dag_id}/dagRuns/{run_id}")["state"]

    until(lambda: state() in ("success", "failed"), 300)
    return state()
