"""The same model declared several times: each width of backfill has its own history."""

from retrain_plugin import Expectations, Gate, Model, Parquet, Periodic
from retrain_plugin.airflow import retraining_dag

for name, files in {"wide_1": "past", "wide_4": "past", "wide_10": "past", "live": "live"}.items():
    retraining_dag(
        Model(
            name=f"events-{name}",
            source=Parquet(f"data/{files}/*.parquet", event_time="at"),
            features=["x", "noise", "kind"],
            target="y",
            estimator="events_model:build",
            metric="roc_auc",
            expect=Expectations(min_train_rows=200, min_holdout_rows=50),
        ),
        Periodic(
            schedule="@daily" if files == "live" else "@weekly",
            train="30D",
            holdout="7D",
            gate=Gate(resamples=100, min_rows=100),
        ),
        dag_id=name,
    )
