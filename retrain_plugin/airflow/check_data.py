"""The operator for one step: check_data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrain_plugin.airflow.operator import ModelOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckDataOperator(ModelOperator):
    """Check the rows of both windows; an error stops the run before anything is trained."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the step, or find it done by an earlier try."""
        from retrain_plugin.workflow.check_data import check_data

        return self.do(context, check_data)
