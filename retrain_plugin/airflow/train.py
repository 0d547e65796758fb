"""The operator for one step: train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrain_plugin.airflow.operator import ModelOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class TrainOperator(ModelOperator):
    """Fit a challenger on the training window and store it in MLflow."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the step, or find it done by an earlier try."""
        from retrain_plugin.workflow.train import train

        return self.do(context, train)
