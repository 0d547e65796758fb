"""The operator for the first step of a check: data_fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrain_plugin.airflow.operator import ModelOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DataFaultOperator(ModelOperator):
    """Count the newest rows and hold them against the contract that the training rows set.

    Its verdict is one of those that :class:`DecideOperator` weighs; the task itself succeeds
    whatever the verdict is.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the step."""
        from retrain_plugin.workflow.look import look

        current = self.run_step(context, look)
        label = self.strategy.contract.label
        verdict = current.artifact(f"verdicts/{label}.json")
        return {
            **self.publish(context, current),
            **{name: verdict[name] for name in ("trigger", "state", "reason", "rows")},
        }
