"""Models that learn on: past weeks backfilled, an update whose task is killed, and one that an asset starts."""

from datetime import timedelta

from airflow.sdk import DAG, Asset, task

from retrain_plugin import Continual, Expectations, Gate, MaxAge, Model, Parquet
from retrain_plugin.airflow import retraining_dag


def model(name: str, files: str = "watched", build: str = "build_online") -> Model:
    return Model(
        name=f"events-{name}",
        source=Parquet(f"data/{files}/*.parquet", event_time="at", label_delay="1D"),
        features=["x", "noise"],
        target="y",
        estimator=f"events_model:{build}",
        metric="roc_auc",
        trusted_types=["events_model.StallsOnLearning"],
        expect=Expectations(min_train_rows=200, min_holdout_rows=50),
    )


def updated(schedule="@weekly", **changes) -> Continual:
    windows = {"train": "30D", "holdout": "7D", "gate": Gate(resamples=100, min_rows=100, tolerance=0.05)}
    return Continual(schedule=schedule, replay=0.5, memory=0.15, forgetting=0.05, **windows, **changes)


quickly = {"default_args": {"retry_delay": timedelta(seconds=1)}}
weekly = updated(rebase_every=3)
retraining_dag(model("continual"), weekly, dag_id="continual", **quickly)
# Unpausing would start a run of the calendar's, which could be the one that stalls.
never = Asset(name="never", uri="x-data://never")
killed = model("killed-update", build="build_stalling_update")
retraining_dag(killed, updated(never), dag_id="killed_update", **quickly)
retraining_dag(model("aged"), updated(when=MaxAge("8D")), dag_id="aged", **quickly)

landed = Asset(name="events", uri="x-data://events")
retraining_dag(model("landed", "live"), updated(landed, rebase_every=100), dag_id="landed", **quickly)

with DAG("landing", schedule=None):

    @task(outlets=[landed])
    def land() -> None:
        """Says that data have landed."""

    land()
