"""A whole retrain in plain Python, step by step as the DAG does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retrain_plugin.data.connection import Connections, environment_connections
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import Periodic
from retrain_plugin.declare.window import Windows
from retrain_plugin.workflow.check_data import check_data
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.promote import promote
from retrain_plugin.workflow.train import train
from retrain_plugin.workflow.validate import validate


@dataclass(frozen=True)
class Retraining:
    """What came of a retrain.

    Parameters:
        version: its number in the registry.
        promoted: whether it became the champion as of `as_of`.
        reason: why, in words.
        gate: the gate's report as JSON types: metric, scores with intervals, every check.
        run_id: the MLflow run that holds the record.
    """

    model: str
    as_of: datetime
    windows: Windows
    version: int
    promoted: bool
    reason: str
    gate: dict[str, Any]
    run_id: str


def retrain(
    model: Model,
    strategy: Periodic,
    *,
    as_of: datetime,
    force: bool = False,
    dag_id: str = "python",
    dag_run_id: str = "",
    connections: Connections = environment_connections,
) -> Retraining:
    """Train a challenger as of a moment, and promote it if it passes the gate.

    Doing it again for the same `as_of` finds what was done and does only what is missing.

    Raises:
        DeclarationError: `as_of` has no zone or lies in the future.
        DataError: the rows cannot be read, or are not fit to train or judge on.
        TrainingError: the estimator cannot be built, fitted, stored or asked.
        RegistryError: MLflow does not answer.
    """
    job = Job(
        model=model,
        strategy=strategy,
        as_of=as_of,
        force=force,
        dag_id=dag_id,
        dag_run_id=dag_run_id,
        connections=connections,
    )
    check_data(job)
    train(job)
    validate(job)
    return result(job)


def result(job: Job) -> Retraining:
    """Conclude a judged job and say what came of it."""
    current, version, promoted = promote(job)
    return Retraining(
        model=job.model.name,
        as_of=job.as_of,
        windows=job.windows,
        version=version.number,
        promoted=promoted,
        reason=current.tags["reason"],
        gate=current.artifact("gate.json"),
        run_id=current.run_id,
    )
