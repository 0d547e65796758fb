"""Models that are checked: one that drifts, one whose labels say too little, one whose trigger is broken, one held."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, CronDataIntervalTimetable

from retrain_plugin import KS, PSI, Decay, Expectations, Gate, Model, Parquet, Triggered, any_of
from retrain_plugin.airflow import DecaySensor, MaxAgeSensor, PSISensor, retraining_dag, selftest_dag


def model(name: str, files: str = "watched") -> Model:
    return Model(
        name=f"events-{name}",
        source=Parquet(f"data/{files}/*.parquet", event_time="at", label_delay="1D"),
        features=["x", "noise", "kind"],
        target="y",
        estimator="events_model:build",
        metric="roc_auc",
        expect=Expectations(min_train_rows=200, min_holdout_rows=50),
    )


def checked(when, **changes) -> Triggered:
    windows = {"train": "30D", "holdout": "7D", "gate": Gate(resamples=100, min_rows=100)}
    return Triggered(**{"schedule": "@weekly", "window": "7D", "max_age": "90D", "when": when, **windows, **changes})


drifting = checked(any_of(PSI(), KS(), Decay("roc_auc", drop=0.05, min_rows=100)))
quickly = {"default_args": {"retry_delay": timedelta(seconds=1)}}
retraining_dag(model("drifting"), drifting, dag_id="drifting", **quickly)
selftest_dag(model("drifting"), drifting, dag_id="drill")
# People look at this one, and act on it.
retraining_dag(model("page"), drifting, dag_id="page", **quickly)
selftest_dag(model("page"), drifting, dag_id="page_drill")
retraining_dag(
    model("unlabelled"),
    checked(Decay("roc_auc", drop=0.05, min_rows=5000), blind_after=2),
    dag_id="unlabelled",
    **quickly,
)
retraining_dag(
    model("deaf"), checked(PSI(features=["nowhere"]), max_age="21D", blind_after=99), dag_id="deaf", **quickly
)
retraining_dag(model("held", "broken"), checked(PSI()), dag_id="held", **quickly)

with DAG(
    "sensors",
    schedule=CronDataIntervalTimetable("@weekly", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=1)},
):
    serving = {"model": model("drifting"), "poke_interval": 5, "soft_fail": True}
    PSISensor(task_id="drift", timeout=3, **serving)
    PSISensor(task_id="drift_deferred", timeout=3, deferrable=True, threshold=0.3, **serving)
    DecaySensor(task_id="known", metric="roc_auc", drop=0.05, min_rows=100, until="known", timeout=60, **serving)
    MaxAgeSensor(task_id="age", age="1D", timeout=60, **serving)
