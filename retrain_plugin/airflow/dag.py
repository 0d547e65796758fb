"""One call from a declaration to a DAG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, Param
from airflow.sdk.configuration import conf

from retrain_plugin.airflow.check_data import CheckDataOperator
from retrain_plugin.airflow.data_fault import DataFaultOperator
from retrain_plugin.airflow.decide import DecideOperator, HoldOperator
from retrain_plugin.airflow.explain import explained
from retrain_plugin.airflow.operator import ModelOperator, Notifier
from retrain_plugin.airflow.previous_run import PreviousRunSensor
from retrain_plugin.airflow.promote import PromoteOperator
from retrain_plugin.airflow.sensor import TriggerSensor
from retrain_plugin.airflow.tags import tags_of
from retrain_plugin.airflow.train import TrainOperator
from retrain_plugin.airflow.update import UpdateOperator
from retrain_plugin.airflow.validate import ValidateOperator
from retrain_plugin.declare.continual import Continual, OnAsset
from retrain_plugin.declare.fields import require_kind
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import Periodic
from retrain_plugin.declare.triggered import Triggered

# The earliest run a backfill may ask for: before any data there is, so that the data decide.
_BEGINNING = datetime(2000, 1, 1, tzinfo=timezone.utc)


def retraining_dag(
    model: Model,
    strategy: Periodic,
    *,
    dag_id: str | None = None,
    on_decision: Notifier | Sequence[Notifier] = (),
    **dag_options: Any,
) -> DAG:
    """The DAG that retrains a model by a strategy.

    Parameters:
        dag_id: the model's name and the strategy's kind unless given.
        on_decision: whom to tell what each run decided: Airflow notifiers or functions of the
            context, where they find it as ``decision``.
        dag_options: anything :class:`airflow.sdk.DAG` takes; `tags` are added to ours and
            `default_args` laid over ours (two retries, a minute apart). Tasks that load a training
            window go to the queue that ``[retrain] training_queue`` names, unless `default_args`
            names one.

    Raises:
        DeclarationError: `model` or `strategy` is something else.
    """
    require_kind(model, Model, field="model")
    require_kind(strategy, Periodic, field="strategy")
    options = {
        "schedule": _schedule(strategy),
        # Updates that meet one another would start from the same champion.
        **({"max_active_runs": 1} if isinstance(strategy, Continual) else {}),
        "start_date": _BEGINNING,
        "catchup": False,
        "doc_md": explained(model, strategy),
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
                description="Train and judge even where no trigger asks for it or nothing is new.",
            ),
        },
        **dag_options,
        "tags": {*tags_of(model, strategy.kind), *dag_options.get("tags", ())},
        "default_args": {
            "retries": 2,
            "retry_delay": timedelta(minutes=1),
            **dag_options.get("default_args", {}),
        },
    }
    queue = "" if "queue" in options["default_args"] else conf.get("retrain", "training_queue", fallback="")
    heavy: dict[str, Any] = {"queue": queue} if queue else {}
    with DAG(dag_id or f"{model.name}_{strategy.kind}", **options) as dag:
        previous_run = PreviousRunSensor(task_id="previous_run")
        if isinstance(strategy, Continual):
            update = UpdateOperator(task_id="update", model=model, strategy=strategy, on_decision=on_decision, **heavy)
            if strategy.triggers:
                _asked(model, strategy, after=previous_run, before=update)
            else:
                previous_run >> update
        else:
            _retraining(model, strategy, previous_run, heavy, on_decision)
    return dag


def _schedule(strategy: Periodic) -> Any:
    """A calendar whose runs know their interval, or the asset that a continual strategy waits for."""
    if isinstance(strategy.schedule, str):
        return CronDataIntervalTimetable(strategy.schedule, timezone="UTC")
    if isinstance(strategy.schedule, OnAsset):
        return Asset(name=strategy.schedule.name, uri=strategy.schedule.uri)
    return strategy.schedule


def _retraining(
    model: Model,
    strategy: Periodic,
    previous_run: PreviousRunSensor,
    heavy: Mapping[str, Any],
    on_decision: Notifier | Sequence[Notifier],
) -> None:
    declared: dict[str, Any] = {"model": model, "strategy": strategy}
    check = CheckDataOperator(task_id="check_data", **declared, **heavy)
    train = TrainOperator(task_id="train", **declared, **heavy)
    validate = ValidateOperator(task_id="validate", **declared, **heavy)
    promote = PromoteOperator(task_id="promote", on_decision=on_decision, **declared)
    check >> train >> validate >> promote
    if isinstance(strategy, Triggered):
        # Whoever is asked whether the champion still does has to know who that is.
        decide = DecideOperator(task_id="decide", on_decision=on_decision, **declared)
        _asked(model, strategy, after=previous_run, before=decide)
        decide >> [check, HoldOperator(task_id="hold")]
    else:
        previous_run >> validate


def _asked(model: Model, strategy: Triggered | Continual, *, after: PreviousRunSensor, before: ModelOperator) -> None:
    """Every trigger side by side; none of them can keep another from being heard."""
    whatever_happened: dict[str, Any] = {"model": model, "strategy": strategy, "trigger_rule": "all_done"}
    contract = DataFaultOperator(task_id=strategy.contract.label, **whatever_happened)
    after >> contract
    for trigger in strategy.triggers:
        contract >> TriggerSensor(task_id=trigger.label, trigger=trigger, until="said", **whatever_happened) >> before
