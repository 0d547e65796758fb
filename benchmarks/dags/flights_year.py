"""One model a strategy, over the year of flights: what `benchmarks/quality.py` backfills."""

from retrain_plugin import Gate, Model, Parquet, Periodic
from retrain_plugin.airflow import retraining_dag

windows = {"train": "all", "holdout": "14D", "gate": Gate(floors={"roc_auc": 0.55})}
weather = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]

for every in ("weekly", "monthly"):
    retraining_dag(
        Model(
            name=f"flights-{every}",
            source=Parquet("data/flights/*.parquet", event_time="scheduled_at", label_delay="1D"),
            features=["hour", "weekday", "distance", "carrier", "origin", "dest", *weather],
            target="late",
            estimator="flights_model:build",
            metric="roc_auc",
        ),
        Periodic(schedule=f"@{every}", **windows),
        dag_id=every,
    )
