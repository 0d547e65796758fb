"""Flights out of New York, learnt every ten minutes from the champion's own weights."""

from retrain_plugin import Continual, Gate, Model, Parquet
from retrain_plugin.airflow import retraining_dag

flights = Model(
    name="flights-late-continual",
    source=Parquet("data/flights/*.parquet", event_time="scheduled_at", label_delay="1D"),
    features=["hour", "weekday", "distance", "temp", "carrier", "origin", "dest"],
    target="late",
    estimator="flights_model:build_online",
    metric="roc_auc",
)

retraining_dag(
    flights,
    Continual(
        schedule="*/10 * * * *",
        replay=1.0,
        forgetting=0.01,
        rebase_every=100,
        # So few flights land in ten minutes.
        min_rows=3,
        train="60D",
        holdout="14D",
        gate=Gate(floors={"roc_auc": 0.55}),
    ),
    dag_id="flights_continual",
)
