"""Users' own DAGs: our operators among theirs, rows from a database behind a connection that Airflow keeps."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, CronDataIntervalTimetable

from retrain_plugin import Expectations, Gate, Model, Parquet, Periodic, Table
from retrain_plugin.airflow import PreviousRunSensor, RetrainOperator, retraining_dag

numbers = {
    "features": ["x", "noise"],
    "target": "y",
    "metric": "roc_auc",
    "expect": Expectations(min_train_rows=200, min_holdout_rows=50),
}
strategy = Periodic(schedule="@weekly", train="30D", holdout="7D", gate=Gate(resamples=100, min_rows=100))

with DAG(
    "own",
    schedule=CronDataIntervalTimetable("@weekly", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args={"retries": 3, "retry_delay": timedelta(seconds=5)},
):
    before = PreviousRunSensor(task_id="before", deferrable=False, poke_interval=10)
    retrain = RetrainOperator(
        task_id="retrain",
        model=Model(
            name="events-own",
            source=Table("events", connection="warehouse", event_time="at"),
            estimator="events_model:build",
            **numbers,
        ),
        strategy=strategy,
        as_of="{{ data_interval_end }}",
    )
    before >> retrain

retraining_dag(
    Model(
        name="events-killed",
        source=Parquet("data/past/*.parquet", event_time="at"),
        estimator="events_model:build_stalling",
        trusted_types=["events_model.StallsOnce"],
        **numbers,
    ),
    strategy,
    dag_id="killed",
    default_args={"retry_delay": timedelta(seconds=1)},
)
