"""A whole continual update as one task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from retrain_plugin.airflow.promote import PromoteOperator
from retrain_plugin.declare.continual import Continual
from retrain_plugin.declare.fields import require_kind

if TYPE_CHECKING:
    from airflow.sdk import Context


class UpdateOperator(PromoteOperator):
    """Let the champion learn what is new, or rebase where that no longer does.

    Skipped, so that no asset event is sent, where nothing was new or the gate refused; fails
    where the new rows look broken. Where the strategy has triggers, sensors that were given the
    same strategy ask them before it. Where backfills run several DAG runs at once, put a
    :class:`PreviousRunSensor` before it: an update for an earlier moment than one already made changes nothing.
    """

    def __init__(self, *, strategy: Continual, **kwargs: Any) -> None:
        require_kind(strategy, Continual, field="strategy")
        # A sensor that failed is a verdict too.
        rule = {"trigger_rule": "all_done"} if strategy.triggers else {}
        super().__init__(strategy=strategy, **{**rule, **kwargs})

    def execute(self, context: Context) -> dict[str, Any]:
        """Do all steps."""
        from retrain_plugin.workflow.update import updated

        found = self.do(context, updated)
        if found["outcome"] == "held":
            raise AirflowFailException(found["reason"])
        if found["outcome"] == "kept":
            raise AirflowSkipException(f"v{found['version']} goes on serving: {found['reason']}")
        return self.announce(context, found)
