"""Flights out of New York, checked every day and retrained on evidence; the triggers drilled every week."""

from retrain_plugin import KS, PSI, Decay, Gate, Model, Parquet, Triggered, any_of
from retrain_plugin.airflow import retraining_dag, selftest_dag

flights = Model(
    name="flights-late-triggered",
    source=Parquet("data/flights/*.parquet", event_time="scheduled_at", label_delay="1D"),
    features=["hour", "weekday", "distance", "temp", "carrier", "origin", "dest"],
    target="late",
    estimator="flights_model:build",
    metric="roc_auc",
)
on_evidence = Triggered(
    schedule="@daily",
    window="7D",
    when=any_of(PSI(), KS(), Decay("roc_auc", drop=0.02)),
    max_age="90D",
    cooldown="7D",
    train="60D",
    holdout="14D",
    gate=Gate(floors={"roc_auc": 0.55}),
)

retraining_dag(flights, on_evidence, dag_id="flights_triggered")
selftest_dag(flights, on_evidence, dag_id="flights_selftest")
