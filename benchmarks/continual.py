"""Continual learning on a year of flights: how fresh, how cheap, how forgetful, how fast.

``python -m benchmarks.continual year|families|endurance|latency`` measures one part, without an argument all.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import mlflow
import numpy as np
import pandas as pd

from demo.flights import WEATHER, flights, write_parquet
from demo.stack import Stack
from retrain_plugin import Continual, Gate, Model, Parquet, Periodic
from retrain_plugin.data.rows import Rows, load
from retrain_plugin.data.sample import Learnt, learnable, new_rows, remembered_rows, replayed
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import UnsoundDataError
from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.version import champion, versions
from retrain_plugin.statistics.metrics import score
from retrain_plugin.training.estimator import build
from retrain_plugin.training.fit import fit
from retrain_plugin.training.predict import predict
from retrain_plugin.training.warm import learn, together
from retrain_plugin.workflow import retrain, update

ROOT = Path(__file__).parents[1]
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
FIRST = datetime(2013, 3, 3, tzinfo=timezone.utc)
WEEKS = [FIRST + WEEK * index for index in range(43)]
GATE = Gate(floors={"roc_auc": 0.55})
# A rebase every half year, however often there are updates.
LEARNING = Continual(
    schedule="@weekly", replay=0.5, train="all", holdout="14D", rebase_every=26, forgetting=0.01, gate=GATE
)
FAMILIES = ("network", "stochastic", "bayes", "logistic", "forest", "boosted")


@dataclass
class Year:
    """What came of a strategy: AUC of whoever served on each week's flights, and what it took."""

    auc: list[float] = field(default_factory=list)
    fit_seconds: float = 0.0
    updates: int = 0
    rebases: int = 0
    refused: int = 0


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder with the year's flights and a MLflow of its own."""
    with TemporaryDirectory(prefix="continual-") as folder:
        write_parquet(Path(folder, "flights"))
        os.environ["MLFLOW_ARTIFACTS_DESTINATION"] = f"{folder}/artifacts"
        here = os.getcwd()
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(here)


def model(folder: Path, estimator: str, name: str) -> Model:
    """The flights with all their weather."""
    mlflow.set_tracking_uri(f"sqlite:///{folder}/{name}.db")
    mlflow.set_registry_uri(f"sqlite:///{folder}/{name}.db")
    return Model(
        name=name,
        source=Parquet(f"{folder}/flights/*.parquet", event_time="scheduled_at", label_delay="1D"),
        features=["hour", "weekday", "distance", "carrier", "origin", "dest", *WEATHER],
        target="late",
        estimator=f"benchmarks.learners:{estimator}",
        metric="roc_auc",
    )


def auc(of: Model, estimator: object, start: datetime) -> float:
    """On the flights of the week from a moment on."""
    rows = load(of, Window(start, start + WEEK), start + WEEK + 2 * DAY)
    return score(of.judged_by, rows.target, predict(of, estimator, rows.frame, who="champion"))


def serving(of: Model) -> object:
    """The champion's estimator."""
    found = champion(of.name)
    return read(of, found.tags["model_uri"], found.tags["model_digest"])


def served(of: Model, strategy: Periodic, ticks: list[datetime]) -> Year:
    """Decide at every tick, and score who serves at every week's start."""
    found = Year()
    for tick in ticks:
        try:
            (update if isinstance(strategy, Continual) else retrain)(of, strategy, as_of=tick)
        except UnsoundDataError as error:
            print(f"  {tick:%Y-%m-%d} held: {str(error)[:140]}", flush=True)
        if tick in WEEKS:
            found.auc.append(auc(of, serving(of), tick))
    for run in runs(of.name, most=5000):
        tags = run.data.tags
        found.fit_seconds += float(tags.get("retrain.cost_seconds", 0))
        outcome = tags.get("retrain.outcome")
        found.refused += outcome == "refused"
        found.updates += outcome == "promoted" and tags["retrain.decision"] == "update"
        found.rebases += outcome == "promoted" and tags["retrain.decision"] == "retrain"
    return found


def unguarded(of: Model, *, learning: bool) -> Year:
    """The same estimator never trained again, or continued every week whatever comes of it."""
    found = Year()
    rows = load(of, Window(None, FIRST - DAY), FIRST)
    estimator, cost = fit(of, build(of), rows)
    found.fit_seconds = cost.seconds
    for week in WEEKS:
        if learning and week > FIRST:
            rows = load(of, Window(week - WEEK - DAY, week - DAY), week)
            estimator, cost = learn(of, estimator, rows, grow=LEARNING.grow)
            found.fit_seconds += cost.seconds
            found.updates += 1
        found.auc.append(auc(of, estimator, week))
    return found


def year(folder: Path) -> None:
    """Write docs/continual.md and docs/continual.png."""
    daily = [FIRST + DAY * index for index in range((WEEKS[-1] - FIRST) // DAY + 1)]
    often = replace(LEARNING, schedule="@daily", rebase_every=400, train="60D")
    weekly = Periodic(schedule="@weekly", train="all", holdout="14D", gate=GATE)
    parts = {
        "boosted trees, never retrained": lambda name: unguarded(model(folder, "boosted", name), learning=False),
        "boosted trees, continued naively": lambda name: unguarded(model(folder, "boosted", name), learning=True),
        "boosted trees, continual": lambda name: served(model(folder, "boosted", name), LEARNING, WEEKS),
        "boosted trees, all of them every week": lambda name: served(model(folder, "boosted", name), weekly, WEEKS),
        "network, continual, every week": lambda name: served(model(folder, "network", name), LEARNING, WEEKS),
        "network, continual, every day": lambda name: served(model(folder, "network", name), often, daily),
    }
    found = {}
    for index, (title, measure) in enumerate(parts.items()):
        found[title] = measure(f"m{index}")
        print(title, f"{np.mean(found[title].auc):.4f}", found[title].fit_seconds, flush=True)
    full = found["boosted trees, all of them every week"].fit_seconds
    lines = [
        "| strategy | mean weekly AUC | updates | full fits served | refused | fit s | of full |",
        "|---|" + "---|" * 6,
    ]
    lines += [
        f"| {title} | {np.mean(one.auc):.3f} | {one.updates} | {one.rebases or 1} | {one.refused} "
        f"| {one.fit_seconds:.0f} | {one.fit_seconds / full:.0%} |"
        for title, one in found.items()
    ]
    _write("year", lines)
    _draw(found)


def _draw(found: dict[str, Year]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
    for (title, one), style in zip(found.items(), ("k:", "r--", "r-", "b-", "g-", "g--"), strict=True):
        smooth = pd.Series(one.auc).rolling(4, min_periods=1).mean()
        axes.plot(WEEKS, smooth, style, label=f"{title}: {np.mean(one.auc):.3f}", linewidth=1.4)
    axes.set_ylabel("AUC on the following week,\nmean of four")
    axes.legend(frameon=False, fontsize=8, loc="lower left", ncols=2)
    axes.set_ylim(0.45, 0.8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(ROOT / "docs" / "continual.png", dpi=130)


def families(folder: Path) -> None:
    """Ten weekly updates without a gate: what each family gains and forgets, without and with replay."""
    lines = [
        "| family | how | fresh: never | replay 0 | 0.5 | memory: at first | replay 0 | 0.5 | update's cost |",
        "|---|" + "---|" * 8,
    ]
    how = {"network": "partial_fit", "stochastic": "partial_fit", "bayes": "partial_fit"} | {
        "logistic": "restart", "forest": "grow", "boosted": "grow",
    }  # fmt: skip
    for name in FAMILIES:
        of = model(folder, name, f"family-{name}")
        start = FIRST - DAY
        rows = load(of, Window(None, start), FIRST, chosen=learnable(of, LEARNING.memory))
        base, whole = fit(of, build(of), rows)
        begun = rows.event_time[0].astype("datetime64[s]").item().replace(tzinfo=timezone.utc)
        past = remembered_rows(of, Window(begun, start), FIRST, memory=LEARNING.memory, periods=6, most=10_000)
        fresh: dict[float | None, list[float]] = {None: [], 0.0: [], 0.5: []}
        remembers, spent = {}, []
        for replay in (0.0, 0.5):
            estimator = build(of)
            estimator, _ = fit(of, estimator, rows)
            for week in WEEKS[1:11]:
                learnt = Learnt(begun, week - WEEK - DAY, week - WEEK)
                estimator, seconds = learn(of, estimator, _batch(of, learnt, week, replay), grow=LEARNING.grow)
                fresh[replay].append(auc(of, estimator, week))
                spent.append(seconds.seconds)
                if not replay:
                    fresh[None].append(auc(of, base, week))
            remembers[replay] = _auc_on(of, estimator, past)
        cells = [np.mean(fresh[None]), np.mean(fresh[0.0]), np.mean(fresh[0.5])]
        cells += [_auc_on(of, base, past), remembers[0.0], remembers[0.5]]
        figures = " | ".join(f"{one:.3f}" for one in cells)
        lines.append(f"| {name} | {how[name]} | {figures} | {median(spent) / whole.seconds:.0%} |")
        print(lines[-1], flush=True)
    _write("families", lines)


def _batch(of: Model, learnt: Learnt, as_of: datetime, replay: float) -> Rows:
    new = new_rows(of, learnt, as_of, memory=LEARNING.memory)
    if not replay:
        return new
    old = replayed(of, learnt, round(replay * len(new)), as_of, memory=LEARNING.memory, periods=6)
    return together(new, old)


def _auc_on(of: Model, estimator: object, rows: Rows) -> float:
    return score(of.judged_by, rows.target, predict(of, estimator, rows.frame, who="it"))


def endurance(folder: Path) -> None:
    """Two hundred ticks in a row: time and memory of the first, middle and last twenty, and versions left."""
    of = model(folder, "network", "endurance")
    strategy = replace(LEARNING, schedule="@hourly", train="60D", rebase_every=20)
    took, spent, peaks = [], [], []
    # By then the training window is as full as it will ever be.
    start = FIRST + timedelta(days=30)
    for hour in range(0, 201 * 4, 4):
        begun = time.perf_counter(), time.process_time()
        try:
            done = update(of, strategy, as_of=start + timedelta(hours=hour))
        except UnsoundDataError:
            continue
        if done.promoted and any(one["feature"] == "memory" for one in done.gate["slices"]):
            took.append(time.perf_counter() - begun[0])
            spent.append(time.process_time() - begun[1])
            peaks.append(_resident_mb())
    middle = slice(len(took) // 2 - 10, len(took) // 2 + 10)
    parts = (slice(1, 21), middle, slice(-20, None))
    lines = [
        "| 200 ticks | first 20 | middle 20 | last 20 |",
        "|---|---|---|---|",
        *(
            f"| {what} | {' | '.join(f'{median(found[part]):.{digits}f}' for part in parts)} |"
            for what, found, digits in (
                ("seconds, median", took, 2),
                ("of the processor, median", spent, 2),
                ("resident memory, MB", peaks, 0),
            )
        ),
        "",
        f"{len(took)} updates promoted, rebases between them, {len(versions(of.name))} versions left, "
        f"{3600 / median(took):.0f} updates an hour in one process.",
    ]
    _write("endurance", lines)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def latency(folder: Path, minutes: int = 15) -> None:
    """From an update's moment to its version serving, in a real Airflow every minute, while rows keep landing."""
    home = folder / "stack"
    data = home / "data"
    data.mkdir(parents=True)
    year = flights()
    now = datetime.now(timezone.utc)
    # Four months of the flights packed into the last sixty days, so that some land every minute.
    past = year.iloc[:100_000]
    at = pd.date_range(now - timedelta(days=60), now, periods=len(past)).as_unit("us")
    past.assign(scheduled_at=at).to_parquet(data / "past.parquet", index=False)
    later, landed = year.iloc[100_000:], 0
    environment = {"RETRAIN_BENCH_DATA": f"{data}/*.parquet", "PYTHONPATH": str(ROOT)}
    with Stack(home, dags=ROOT / "benchmarks" / "minutely", cwd=home, settings=environment) as stack:
        stack.start_mlflow()
        stack.start_airflow()
        while not stack.api("GET", "dags")["dags"]:
            time.sleep(1)
        stack.api("PATCH", "dags/minutely?update_mask=is_paused", {"is_paused": False})
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            moment = pd.Timestamp.now("UTC").as_unit("us")
            rows = later.iloc[landed : landed + 20].assign(scheduled_at=moment)
            part = data / f".{landed}.part"
            rows.to_parquet(part, index=False)
            part.replace(data / f"live-{landed:06}.parquet")
            landed += 20
            time.sleep(10)
        mlflow.set_tracking_uri(stack.mlflow_url)
        waits = []
        for run in runs("minutely", most=5000):
            tags = run.data.tags
            if tags.get("retrain.decision") == "update" and tags.get("retrain.outcome") == "promoted":
                as_of = datetime.fromisoformat(tags["retrain.as_of"])
                waits.append(run.info.end_time / 1000 - as_of.timestamp())
        busy = [
            (datetime.fromisoformat(run["end_date"]) - datetime.fromisoformat(run["start_date"])).total_seconds()
            for run in stack.runs("minutely")
            if run["state"] == "success"
        ]
    lines = [
        "| a minute's flights, through Airflow | median | 95% |",
        "|---|---|---|",
        f"| from the tick to the new champion serving, s | {median(waits):.1f} | {np.quantile(waits, 0.95):.1f} |",
        f"| DAG run, s | {median(busy):.1f} | {np.quantile(busy, 0.95):.1f} |",
        "",
        f"{len(waits)} updates; {3600 / median(busy):.0f} an hour, one after the other.",
    ]
    _write("latency", lines)


def _write(part: str, lines: list[str]) -> None:
    text = "\n".join(lines)
    print(text, flush=True)
    (ROOT / "docs" / "continual").mkdir(exist_ok=True)
    (ROOT / "docs" / "continual" / f"{part}.md").write_text(text + "\n")


def main(asked: list[str]) -> None:
    """Measure what was asked for, or all."""
    warnings.simplefilter("ignore")
    logging.getLogger("retrain_plugin").setLevel(logging.CRITICAL)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    parts = {"families": families, "endurance": endurance, "year": year, "latency": latency}
    with workplace() as folder:
        for name, measure in parts.items():
            if name in (asked or parts):
                measure(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
