"""A whole retrain as one task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrain_plugin.airflow.promote import PromoteOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from retrain_plugin.registry.attempt import Attempt
    from retrain_plugin.workflow.job import Job


class RetrainOperator(PromoteOperator):
    """Check, train, validate and promote in one task, for one's own DAGs.

    Saves the start-up of four tasks and shows one box. Where backfills run several DAG runs at
    once, put a :class:`PreviousRunSensor` before it, so that each meets the champion of its time.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Do all steps; skipped where the gate refused."""
        return self.announce(context, self.do(context, _all_steps))


def _all_steps(job: Job) -> Attempt:
    from retrain_plugin.workflow.promote import promote
    from retrain_plugin.workflow.train import train
    from retrain_plugin.workflow.validate import validate

    # Training checks the data first.
    train(job)
    validate(job)
    return promote(job)[0]
