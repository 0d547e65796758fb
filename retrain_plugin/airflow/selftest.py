"""The fire drill on a schedule."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, CronDataIntervalTimetable

from retrain_plugin.airflow.operator import ModelOperator
from retrain_plugin.airflow.tags import tags_of
from retrain_plugin.declare.fields import require_kind
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import require_cron
from retrain_plugin.declare.triggered import Triggered

if TYPE_CHECKING:
    from airflow.sdk import Context

    from retrain_plugin.registry.attempt import Attempt
    from retrain_plugin.workflow.job import Job


class SelfTestOperator(ModelOperator):
    """Drill every trigger on a copy of the newest rows; fails loudly, naming the trigger and what it missed."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Drill, record, and fail where a drill failed."""
        return self.do(context, self._drill)

    def _drill(self, job: Job) -> Attempt:
        from retrain_plugin.workflow.selftest import drilled

        current, found = drilled(job)
        found.require_passed()
        return current


def selftest_dag(
    model: Model, strategy: Triggered, *, schedule: str = "@weekly", dag_id: str | None = None, **dag_options: Any
) -> DAG:
    """A DAG that drills a strategy's triggers on a schedule of its own.

    Raises:
        DeclarationError: an argument is something else.
    """
    require_kind(model, Model, field="model")
    require_kind(strategy, Triggered, field="strategy")
    require_cron(schedule)
    options = {
        "schedule": CronDataIntervalTimetable(schedule, timezone="UTC"),
        "start_date": datetime(2000, 1, 1, tzinfo=timezone.utc),
        "catchup": False,
        "doc_md": f"Shows every trigger of `{model.name}` a change, at which it must fire, and none, at which it "
        "must stay quiet. Fails where one does not: such a trigger cannot be relied on.",
        **dag_options,
        "tags": {*tags_of(model, "selftest"), *dag_options.get("tags", ())},
    }
    with DAG(dag_id or f"{model.name}_selftest", **options) as dag:
        SelfTestOperator(task_id="selftest", model=model, strategy=strategy)
    return dag
