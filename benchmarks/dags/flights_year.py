"""One model a strategy, over the year of flights: what `benchmarks/quality.py` backfills."""

from retrain_plugin import KS, PSI, Decay, Gate, Model, Parquet, Periodic, Triggered, any_of
from retrain_plugin.airflow import retraining_dag

windows = {"train": "all", "holdout": "14D", "gate": Gate(floors={"roc_auc": 0.55})}
weather = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
strategies = {
    "weekly": Periodic(schedule="@weekly", **windows),
    "monthly": Periodic(schedule="@monthly", **windows),
    # Looked at every week; the cooldown keeps it from being an expensive calendar.
    "triggered": Triggered(
        schedule="@weekly",
        window="7D",
        when=any_of(PSI(), KS(), Decay("roc_auc", drop=0.02)),
        max_age="90D",
        cooldown="28D",
        **windows,
    ),
}

for name, strategy in strategies.items():
    retraining_dag(
        Model(
            name=f"flights-{name}",
            source=Parquet("data/flights/*.parquet", event_time="scheduled_at", label_delay="1D"),
            features=["hour", "weekday", "distance", "carrier", "origin", "dest", *weather],
            target="late",
            estimator="flights_model:build",
            metric="roc_auc",
        ),
        strategy,
        dag_id=name,
    )
