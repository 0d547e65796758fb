"""Flights out of New York, retrained every week."""

from retrain_plugin import Gate, Model, Parquet, Periodic
from retrain_plugin.airflow import retraining_dag

flights = Model(
    name="flights-late",
    source=Parquet("data/flights/*.parquet", event_time="scheduled_at", label_delay="1D"),
    features=["hour", "weekday", "distance", "temp", "carrier", "origin", "dest"],
    target="late",
    estimator="flights_model:build",
    metric="roc_auc",
)

retraining_dag(
    flights,
    Periodic(schedule="@weekly", train="60D", holdout="14D", gate=Gate(floors={"roc_auc": 0.55}, slices=["origin"])),
    dag_id="flights_periodic",
)
