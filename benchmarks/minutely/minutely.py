"""Flights that are learnt every minute: what `benchmarks/continual.py` measures the latency of."""

import os

from retrain_plugin import Continual, Gate, Model, Parquet
from retrain_plugin.airflow import retraining_dag

retraining_dag(
    Model(
        name="minutely",
        source=Parquet(os.environ["RETRAIN_BENCH_DATA"], event_time="scheduled_at"),
        features=["hour", "weekday", "distance", "temp", "carrier", "origin", "dest"],
        target="late",
        estimator="benchmarks.learners:network",
        metric="roc_auc",
    ),
    Continual(
        schedule="* * * * *",
        replay=0.5,
        rebase_every=1000,
        train="60D",
        holdout="7D",
        gate=Gate(floors={"roc_auc": 0.5}, tolerance=0.1),
    ),
    dag_id="minutely",
)
