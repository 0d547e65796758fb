"""The Retraining page of a model with ten thousand checks and five hundred versions: how long, and how much memory."""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import numpy as np
import requests

from demo.browser import chromium, visiting
from demo.stack import Stack
from retrain_plugin import KS, PSI, Decay, Gate, Triggered, any_of
from retrain_plugin.registry.version import versions
from retrain_plugin.workflow import check, retrain
from tests.conftest import AS_OF, declared, events, write

CHECKS, VERSIONS = 10_000, 500
STRATEGY = Triggered(
    schedule="@hourly", window="7D", when=any_of(PSI(), KS(), Decay("roc_auc", drop=0.05, min_rows=100)),
    max_age="90D", train="30D", holdout="7D", gate=Gate(resamples=100, min_rows=100),
)  # fmt: skip


def multiplied(database: Path, check_run: str, versions_made: int) -> None:
    """Copy a check and a version, row by row, as if each had been made an hour and a day before the other."""
    with closing(sqlite3.connect(database, timeout=60)) as to, to:
        for index in range(CHECKS):
            moment = (AS_OF - timedelta(hours=index + 1)).isoformat()
            changes: dict[str, object] = {"run_uuid": uuid.uuid4().hex}
            named = {"name": f"{moment[:16].replace('T', ' ')} triggered"}
            _copy(to, "runs", "run_uuid", check_run, changes | named)
            for table in ("tags", "params", "metrics", "latest_metrics"):
                _copy(to, table, "run_uuid", check_run, changes)
            mine = (moment, changes["run_uuid"], "retrain.as_of")
            to.execute("update tags set value = ? where run_uuid = ? and key = ?", mine)
            key = (uuid.uuid4().hex, changes["run_uuid"], "retrain.key")
            to.execute("update tags set value = ? where run_uuid = ? and key = ?", key)
        for number in range(versions_made + 1, VERSIONS + 1):
            for table in ("model_versions", "model_version_tags"):
                _copy(to, table, "version", 1, {"version": number})
            moment = (AS_OF - timedelta(days=VERSIONS - number + 1)).isoformat()
            for tag in ("retrain.promoted_as_of", "retrain.as_of"):
                to.execute(
                    "update model_version_tags set value = ? where version = ? and key = ?", (moment, number, tag)
                )


def _copy(to: sqlite3.Connection, table: str, key: str, value: object, changes: dict[str, object]) -> None:
    # Names come from the schema, values are bound.
    columns = [one[1] for one in to.execute(f"pragma table_info({table})")]
    shown = ", ".join("?" if name in changes else name for name in columns)
    bound = [changes[name] for name in columns if name in changes]
    to.execute(
        f"insert into {table} ({', '.join(columns)}) select {shown} from {table} where {key} = ?", [*bound, value]
    )


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children."""
    found = 0
    for one in (pid, *_children(pid)):
        line = next(line for line in Path(f"/proc/{one}/status").read_text().splitlines() if line.startswith("VmRSS"))
        found += int(line.split()[1])
    return found / 1024


def _children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in map(int, told) for one in (child, *_children(child))]


def main() -> None:
    """Print latencies of what the page asks for, the time until it shows a model, and the API server's memory."""
    with TemporaryDirectory(prefix="page-") as folder:
        home = Path(folder)
        write(home / "events", events())
        (home / "dags").mkdir()
        with Stack(home / "stack", dags=home / "dags", cwd=home, ports=(0, 0)) as stack:
            stack.start_mlflow()
            mlflow.set_tracking_uri(stack.mlflow_url)
            os.environ["MLFLOW_TRACKING_URI"] = stack.mlflow_url
            model = declared(home / "events")
            retrain(model, STRATEGY, as_of=AS_OF - timedelta(weeks=1))
            check(model, STRATEGY, as_of=AS_OF)
            made = len(versions("events"))
            client = mlflow.MlflowClient()
            experiment = client.get_experiment_by_name("events").experiment_id
            newest = client.search_runs([experiment], "tags.`retrain.decision` = 'keep'")[0].info.run_id
            multiplied(home / "stack" / "mlflow.db", newest, made)
            stack.start_airflow()
            server = next(one for one in stack.processes if "api-server" in one.args)
            headers = {"Authorization": f"Bearer {stack.token(*stack.login)}"}
            at = f"{stack.airflow_url}/retrain/api"
            before = memory_mb(server.pid)
            first = _seconds(f"{at}/models", headers)
            print(f"first request after the start, imports and all: {first:.2f} s")
            for path in ("models", "models/events", "models/events/decisions", "models/events/decisions?within=2023"):
                took = [_seconds(f"{at}/{path}", headers) for _ in range(5)]
                print(f"{path}: median {np.median(took):.2f} s, most {max(took):.2f} s")
            print(f"API server: {before:.0f} MB before, {memory_mb(server.pid):.0f} MB after")
            for _ in range(100):
                _seconds(f"{at}/models/events/decisions", headers)
            print(f"after 100 pages more: {memory_mb(server.pid):.0f} MB")
            with chromium() as browser, visiting(browser, stack, *stack.login) as page:
                began = time.monotonic()
                page.goto(f"{stack.airflow_url}/retrain/?model=events")
                page.locator("svg.chart").first.wait_for()
                print(f"the model's page from address to timeline: {time.monotonic() - began:.2f} s")
            began = time.monotonic()
            check(model, STRATEGY, as_of=AS_OF + timedelta(hours=1))
            print(f"one more check, with all that behind it: {time.monotonic() - began:.2f} s")


def _seconds(address: str, headers: dict[str, str]) -> float:
    began = time.monotonic()
    requests.get(address, headers=headers, timeout=60).raise_for_status()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
