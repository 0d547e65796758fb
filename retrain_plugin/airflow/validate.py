"""The operator for one step: validate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrain_plugin.airflow.operator import ModelOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ValidateOperator(ModelOperator):
    """Judge the challenger against the champion of that time, and register it with its verdict."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the step, or find it done by an earlier try."""
        from retrain_plugin.workflow.validate import validate

        return self.do(context, validate)
