"""How often to retrain: AUC over 2013 of models never, monthly, weekly, and on evidence retrained.

Each history is made by `airflow backfill` on a real scheduler and read from MLflow: whoever was
champion at a week's start is asked about the flights of that week.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import numpy as np

from demo.flights import write_parquet
from demo.stack import Stack
from retrain_plugin import Model, Parquet
from retrain_plugin.data.rows import load
from retrain_plugin.declare.window import Window
from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.version import Version, champions, versions
from retrain_plugin.statistics.metrics import score
from retrain_plugin.training.predict import predict

ROOT = Path(__file__).parents[1]
WEEK = timedelta(weeks=1)
# Sixty days of flights lie before the first; the last is the last whole week of the year.
FIRST, LAST = (datetime(2013, *day, tzinfo=timezone.utc) for day in ((3, 3), (12, 22)))
WEEKS = [FIRST + WEEK * index for index in range((LAST - FIRST) // WEEK + 1)]
# What is backfilled, and from which logical date: the first decision is for the first week, or two days before.
STRATEGIES = {
    "weekly": FIRST - WEEK,
    "triggered": FIRST - WEEK,
    "monthly": datetime(2013, 2, 1, tzinfo=timezone.utc),
}


@dataclass(frozen=True)
class Year:
    """What came of a strategy."""

    by_month: dict[int, float]
    mean_week: float
    retrains: int
    promoted: int
    fit_seconds: float


@contextmanager
def year(folder: Path) -> Iterator[Stack]:
    """MLflow and Airflow over the year's flights with the benchmark's DAGs."""
    write_parquet(folder / "data" / "flights")
    settings = {"PYTHONPATH": str(ROOT / "dags")}
    with Stack(folder, dags=ROOT / "benchmarks" / "dags", cwd=folder, settings=settings) as stack:
        stack.start_mlflow()
        stack.start_airflow()
        mlflow.set_tracking_uri(stack.mlflow_url)
        while len(stack.api("GET", "dags")["dags"]) < len(STRATEGIES):
            time.sleep(1)
        yield stack


def backfill(stack: Stack, dag_id: str) -> None:
    """Let a strategy decide its whole year."""
    stack.airflow(
        "backfill", "create", "--dag-id", dag_id, "--from-date", f"{STRATEGIES[dag_id]:%Y-%m-%dT%H:%M:%S}",
        "--to-date", f"{LAST - timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
    )  # fmt: skip
    stack.api("PATCH", f"dags/{dag_id}?update_mask=is_paused", {"is_paused": False})
    while True:
        time.sleep(2)
        found = [run for run in stack.runs(dag_id) if run["run_type"] == "backfill"]
        if found and all(run["state"] in ("success", "failed") for run in found):
            return


def judged(history: list[Version], model: Model, *, frozen: bool = False) -> Year:
    """The year of a model whose versions these are; `frozen` keeps its first champion for ever."""
    weekly: list[float] = []
    months: dict[int, list[float]] = defaultdict(list)
    for start in WEEKS:
        serving = champions(history, start)[0 if frozen else -1]
        estimator = read(replace(model, name=serving.model), serving.source, serving.tags["model_digest"])
        rows = load(model, Window(start, start + WEEK), start + WEEK + timedelta(days=2))
        weekly.append(score(model.judged_by, rows.target, predict(model, estimator, rows.frame, who="champion")))
        months[start.month].append(weekly[-1])
    decided = history[:1] if frozen else history
    return Year(
        by_month={month: float(np.mean(found)) for month, found in months.items()},
        mean_week=float(np.mean(weekly)),
        retrains=len(decided),
        promoted=sum(one.promoted_as_of is not None for one in decided),
        fit_seconds=sum(float(one.tags["cost_seconds"]) for one in decided),
    )


def main() -> None:
    """Write docs/quality.md and docs/quality.png."""
    sys.path.insert(0, str(ROOT / "dags"))
    found: dict[str, Year] = {}
    with TemporaryDirectory(prefix="quality-") as folder, year(Path(folder)) as stack:
        weather = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
        model = Model(
            name="flights",
            source=Parquet(f"{folder}/data/flights/*.parquet", event_time="scheduled_at", label_delay="1D"),
            features=["hour", "weekday", "distance", "carrier", "origin", "dest", *weather],
            target="late",
            estimator="flights_model:build",
            metric="roc_auc",
        )
        for dag_id in STRATEGIES:
            backfill(stack, dag_id)
            found[dag_id] = judged(versions(f"flights-{dag_id}"), model)
            print(dag_id, found[dag_id], flush=True)
            if dag_id == "triggered":
                told = reasons(f"flights-{dag_id}")
        found["never"] = judged(versions("flights-weekly"), model, frozen=True)
    write({name: found[name] for name in ("never", *reversed(STRATEGIES))}, told)


def reasons(name: str) -> list[str]:
    """Why there was a retrain or a hold, a line each."""
    lines = []
    for run in sorted(runs(name), key=lambda run: run.data.tags["retrain.as_of"]):
        tags = {key.removeprefix("retrain."): value for key, value in run.data.tags.items()}
        this_year = tags["as_of"] < "2014" and "superseded_by" not in tags
        if this_year and tags.get("decision") in ("retrain", "hold"):
            why = tags.get("asked_because", "").partition("; ")[0]
            lines.append(f"| {tags['as_of'][:10]} | {tags.get('outcome')} | {why[:160]} |")
    return lines


def write(found: dict[str, Year], told: list[str]) -> None:
    """The table and the picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    lines = [
        f"| retrained | {' | '.join(names)} | mean week | retrains | promoted | fit s |",
        f"|---|{'---|' * (len(names) + 4)}",
    ]
    figure, axes = pyplot.subplots(figsize=(8, 3.2), layout="constrained")
    for (name, one), style in zip(found.items(), ("o:", "s--", "D-", "^-."), strict=False):
        values = [one.by_month[month] for month in range(3, 13)]
        cells = " | ".join(f"{value:.3f}"[1:] for value in values)
        lines.append(
            f"| {name} | {cells} | {one.mean_week:.3f} | {one.retrains} | {one.promoted} | {one.fit_seconds:.0f} |"
        )
        axes.plot(names, values, style, label=f"{name}, mean week {one.mean_week:.3f}")
    axes.set_ylabel("AUC on the following week")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(ROOT / "docs" / "quality.png", dpi=130)
    lines += ["", "| triggered | outcome | asked because |", "|---|---|---|", *told]
    (ROOT / "docs" / "quality.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
