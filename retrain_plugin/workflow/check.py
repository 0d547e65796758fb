"""A whole check in plain Python, step by step as the DAG does it."""

from __future__ import annotations

from datetime import datetime

from retrain_plugin.data.connection import Connections, environment_connections
from retrain_plugin.decide.decision import Decision
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.triggered import Triggered
from retrain_plugin.workflow.ask import ask
from retrain_plugin.workflow.decide import decide_on
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.look import look


def check(
    model: Model,
    strategy: Triggered,
    *,
    as_of: datetime,
    force: bool = False,
    dag_id: str = "python",
    dag_run_id: str = "",
    connections: Connections = environment_connections,
) -> Decision:
    """Ask every trigger as of a moment, and decide whether to retrain; nothing is trained here.

    The check is one MLflow run. :func:`retrain` with the same strategy and moment goes on in it.

    Raises:
        DeclarationError: `as_of` has no zone or lies in the future.
        RegistryError: MLflow does not answer.
    """
    job = Job(
        model=model, strategy=strategy, as_of=as_of, force=force, dag_id=dag_id, dag_run_id=dag_run_id,
        connections=connections,
    )  # fmt: skip
    look(job)
    for trigger in strategy.triggers:
        ask(job, trigger.label)
    return decide_on(job)[1]
