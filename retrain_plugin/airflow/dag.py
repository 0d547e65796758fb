"""One call from a declaration to a DAG."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, Param

from retrain_plugin.airflow.check_data import CheckDataOperator
from retrain_plugin.airflow.previous_run import PreviousRunSensor
from retrain_plugin.airflow.promote import PromoteOperator
from retrain_plugin.airflow.train import TrainOperator
from retrain_plugin.airflow.validate import ValidateOperator
from retrain_plugin.declare.fields import require_kind
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import Periodic

# The earliest run a backfill may ask for: before any data there is, so that the data decide.
_BEGINNING = datetime(2000, 1, 1, tzinfo=timezone.utc)


def retraining_dag(model: Model, strategy: Periodic, *, dag_id: str | None = None, **dag_options: Any) -> DAG:
    """The DAG that retrains a model by a strategy.

    Parameters:
        dag_id: the model's name and the strategy's kind unless given.
        dag_options: anything :class:`airflow.sdk.DAG` takes; `tags` are added to ours and
            `default_args` laid over ours (two retries, a minute apart).

    Raises:
        DeclarationError: `model` or `strategy` is something else.
    """
    require_kind(model, Model, field="model")
    require_kind(strategy, Periodic, field="strategy")
    options = {
        "schedule": CronDataIntervalTimetable(strategy.schedule, timezone="UTC"),
        "start_date": _BEGINNING,
        "catchup": False,
        "doc_md": _explained(model, strategy),
        "params": {
            "as_of": Param(
                None,
                type=["null", "string"],
                format="date-time",
                title="As of",
                description="Decide as if it were this moment. Empty: the end of the run's data interval.",
            ),
            "force": Param(
                False,
                type="boolean",
                title="Force",
                description="Train and judge even where the champion learnt from these very rows.",
            ),
        },
        **dag_options,
        "tags": {"retrain", strategy.kind, model.name, *dag_options.get("tags", ())},
        "default_args": {
            "retries": 2,
            "retry_delay": timedelta(minutes=1),
            **dag_options.get("default_args", {}),
        },
    }
    with DAG(dag_id or f"{model.name}_{strategy.kind}", **options) as dag:
        declared: dict[str, Any] = {"model": model, "strategy": strategy}
        previous_run = PreviousRunSensor(task_id="previous_run")
        check = CheckDataOperator(task_id="check_data", **declared)
        train = TrainOperator(task_id="train", **declared)
        validate = ValidateOperator(task_id="validate", **declared)
        promote = PromoteOperator(task_id="promote", **declared)
        check >> train >> validate >> promote
        previous_run >> validate
    return dag


def _explained(model: Model, strategy: Periodic) -> str:
    gate = strategy.gate
    better = "at least" if model.judged_by.greater_is_better else "at most"
    floors = ", ".join(f"{name} {better} {value:g}" for name, value in gate.floors.items()) or "none"
    trained = "everything before the holdout" if strategy.train == "all" else f"{strategy.train} before the holdout"
    return f"""\
### Retrains `{model.name}` by the calendar ({strategy.schedule})

Each run decides for the end of its data interval, seeing only what was known then.

| task | what it does |
|---|---|
| `check_data` | Are the rows fit to learn from? An error stops the run before training. |
| `train` | Fits a challenger on {trained}. |
| `previous_run` | Waits until the run before has decided; a failed one holds nobody up. |
| `validate` | Judges challenger against the champion of that time on the newest {strategy.holdout} of labelled rows\
{", and fits the winner once more on all of them" if strategy.refit else ""}. |
| `promote` | Lets the winner serve. Skipped where the gate refused: the champion keeps serving. |

| declared | |
|---|---|
| rows | `{model.source}`, labels known {model.source.label_delay} after `{model.source.event_time}` |
| features | {", ".join(f"`{name}`" for name in model.features)} |
| target | `{model.target}` |
| estimator | `{model.estimator}` |
| judged by | {model.metric}, tolerance {gate.tolerance:g}, floors: {floors} |

**Params.** `as_of`: decide as if it were that moment. `force`: train and judge even where nothing changed.

**History**: `airflow backfill create --dag-id <this DAG> --from-date … --to-date …` decides it as it would have been \
decided. Runs, versions and reasons are in MLflow under the experiment and model `{model.name}`.
"""
