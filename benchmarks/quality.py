"""How often to retrain: AUC over 2013 of a model never, monthly and weekly retrained.

Each strategy's history is made by the same steps as its DAG, in date order, in a MLflow of its
own; then whoever was champion at each week's start is asked about the flights of that week.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import numpy as np

from demo.flights import write_parquet
from retrain_plugin import Gate, Model, Parquet, Periodic
from retrain_plugin.data.rows import load
from retrain_plugin.declare.window import Window
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.version import champions, versions
from retrain_plugin.statistics.metrics import score
from retrain_plugin.training.predict import predict
from retrain_plugin.workflow import retrain

ROOT = Path(__file__).parents[1]
WEEK = timedelta(weeks=1)
FIRST, LAST = (datetime(2013, *day, tzinfo=timezone.utc) for day in ((3, 17), (12, 22)))


def moments(every: str) -> list[datetime]:
    """The as-of times of a strategy, all on Sundays."""
    weeks = [FIRST + WEEK * index for index in range((LAST - FIRST) // WEEK + 1)]
    if every == "never":
        return weeks[:1]
    if every == "weekly":
        return weeks
    return [week for index, week in enumerate(weeks) if index == 0 or week.month != weeks[index - 1].month]


def run(every: str, model: Model, strategy: Periodic) -> tuple[dict[int, float], float, int, int, float]:
    """AUC by month, mean weekly AUC, retrains, promotions and fit seconds of one strategy."""
    for as_of in moments(every):
        retrain(model, strategy, as_of=as_of)
    history = versions(model.name)
    weekly: dict[datetime, float] = {}
    months: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for start in moments("weekly"):
        serving = champions(history, start)[-1]
        estimator = read(model, serving.source, serving.tags["model_digest"])
        rows = load(model, Window(start, start + WEEK), start + WEEK + timedelta(days=2))
        weekly[start] = score(model.judged_by, rows.target, predict(model, estimator, rows.frame, who="champion"))
        months[start.month].append((weekly[start], len(rows)))
    by_month = {month: float(np.mean([auc for auc, _ in found])) for month, found in months.items()}
    spent = sum(float(one.tags["cost_seconds"]) for one in history)
    promoted = sum(one.promoted_as_of is not None for one in history)
    return by_month, float(np.mean(list(weekly.values()))), len(history), promoted, spent


def main() -> None:
    """Write docs/quality.md and docs/quality.png."""
    sys.path.insert(0, str(ROOT / "dags"))
    with TemporaryDirectory(prefix="quality-") as folder:
        os.chdir(folder)
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        write_parquet(Path(folder, "flights"))
        flights = Model(
            name="flights",
            source=Parquet(f"{folder}/flights/*.parquet", event_time="scheduled_at", label_delay="1D"),
            features=["hour", "weekday", "distance", "temp", "carrier", "origin", "dest"],
            target="late",
            estimator="flights_model:build",
            metric="roc_auc",
        )
        strategy = Periodic(schedule="@weekly", train="all", holdout="14D", gate=Gate(floors={"roc_auc": 0.55}))
        found = {
            every: run(every, replace(flights, name=f"flights-{every}"), strategy)
            for every in ("never", "monthly", "weekly")
        }
    os.chdir(ROOT)
    write(found)


def write(found: dict[str, tuple[dict[int, float], float, int, int, float]]) -> None:
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
    for (every, (months, mean, retrains, promoted, spent)), style in zip(
        found.items(), ("o:", "s--", "D-"), strict=True
    ):
        values = [months[month] for month in range(3, 13)]
        cells = " | ".join(f"{value:.3f}"[1:] for value in values)
        lines.append(f"| {every} | {cells} | {mean:.3f} | {retrains} | {promoted} | {spent:.0f} |")
        axes.plot(names, values, style, label=f"{every}, mean week {mean:.3f}")
    axes.set_ylabel("AUC on the following week")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(ROOT / "docs" / "quality.png", dpi=130)
    (ROOT / "docs" / "quality.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
