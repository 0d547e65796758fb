"""The operator that weighs the verdicts: decide. And the one that shows that data are held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BranchMixIn
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from retrain_plugin.airflow.operator import ModelOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DecideOperator(ModelOperator, BranchMixIn):
    """Retrain, keep or hold: weighs what the triggers left on record and follows one branch, or none.

    It runs whatever became of the tasks before it: a sensor that failed is a verdict too.

    Parameters:
        to_retrain, to_hold: the task that begins each branch.
    """

    def __init__(self, *, to_retrain: str = "check_data", to_hold: str = "hold", **kwargs: Any) -> None:
        super().__init__(**{"trigger_rule": "all_done", **kwargs})
        self.to_retrain = to_retrain
        self.to_hold = to_hold

    def execute(self, context: Context) -> None:
        """Decide, and skip the branches not taken."""
        from retrain_plugin.workflow.decide import decide_on

        found = self.do(context, lambda job: decide_on(job)[0])
        # Skipping ends the task before anything could be returned.
        context["ti"].xcom_push(key="return_value", value=found)
        self.do_branch(context, {"retrain": self.to_retrain, "hold": self.to_hold}.get(found["decision"]))


class HoldOperator(BaseOperator):
    """Fails with the reason why data are held, so that people see it and Airflow's notifiers tell them.

    Parameters:
        decided_by: the task that decided.
    """

    ui_color = "#fbe3e1"

    def __init__(self, *, decided_by: str = "decide", **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "retries": 0})
        self.decided_by = decided_by

    def execute(self, context: Context) -> None:
        """Fail."""
        found = context["ti"].xcom_pull(task_ids=self.decided_by) or {}
        raise AirflowFailException(
            f"{found.get('reason', 'the data are held')}. Nothing is trained and the champion keeps serving: correct "
            "the data and clear this run, or, where they are right, `airflow retrain accept` the model"
        )
