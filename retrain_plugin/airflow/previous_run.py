"""Waiting until the run before has decided."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

_ACTIVE = ("queued", "running")


class PreviousRunSensor(BaseSensorOperator):
    """Succeeds once the DAG run before this one, by logical date, is over, however it ended.

    What reads history stands after it, so that a backfill of any width decides in date order. It
    must not depend on a task that can fail: while it waits, its run is not over, and so a run
    that failed early still keeps its place in the order. A run without a logical date has no
    place in it and does not wait.

    Parameters:
        deferrable: wait in the triggerer, which costs no worker slot and notices within seconds.
            Otherwise the sensor reschedules itself every `poke_interval`.
    """

    def __init__(self, *, deferrable: bool = True, **kwargs: Any) -> None:
        waiting = {"mode": "reschedule", "poke_interval": 60, "timeout": timedelta(days=7).total_seconds()}
        super().__init__(**{**waiting, **kwargs})
        self.deferrable = deferrable

    def poke(self, context: Context) -> bool:
        """Whether the run before is over, or there is none."""
        return self._awaited(context) is None

    def execute(self, context: Context, event: Any = None) -> None:
        """Look once, and wait elsewhere if need be."""
        if not self.deferrable:
            super().execute(context)
        elif run_id := self._awaited(context):
            from airflow.providers.standard.triggers.external_task import DagStateTrigger
            from airflow.sdk import DagRunState

            self.defer(
                trigger=DagStateTrigger(
                    dag_id=context["ti"].dag_id,
                    run_ids=[run_id],
                    states=[DagRunState.SUCCESS, DagRunState.FAILED],  # type: ignore[list-item]
                    poll_interval=1.0,
                ),
                method_name="execute",
                timeout=timedelta(seconds=self.timeout),
            )

    def _awaited(self, context: Context) -> str | None:
        previous = context["ti"].get_previous_dagrun()
        if previous is None or previous.state not in _ACTIVE:
            return None
        self.log.info("Waiting for %s, which is %s: it may decide on the champion", previous.run_id, previous.state)
        return previous.run_id
