"""The second step: a challenger that has not seen the holdout."""

from __future__ import annotations

import logging

from retrain_plugin.data.rows import Rows
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.training.fit import fit
from retrain_plugin.workflow.check_data import ensure_checked
from retrain_plugin.workflow.job import Job

log = logging.getLogger(__name__)


def train(job: Job) -> Attempt:
    """Fit the estimator on the training window and store it.

    Raises:
        TrainingError: it cannot be built, fitted or stored.
        DataError: the rows cannot be read or are not fit.
    """
    with job.attempt() as current:
        ensure_trained(job, current, *job.load(current))
        return current


def ensure_trained(job: Job, current: Attempt, rows: Rows, holdout: Rows, both: Rows) -> None:
    """Fit on these rows unless an earlier try did."""
    ensure_checked(job, current, rows, holdout, both)
    if current.reached("trained"):
        log.info("Already trained on these rows with this declaration: MLflow run %s", current.run_id)
        return
    estimator, cost = fit(job.model, job.estimator(), rows)
    log.info("Fitted on %d rows in %.1f s, peak memory %.0f MB", cost.rows, cost.seconds, cost.peak_memory_mb)
    current.store_model("twin", estimator, rows.frame)
    current.record(
        stage="trained",
        tags={
            "trained_from": rows.event_time[0].astype("datetime64[s]").item().isoformat() + "+00:00",
            "twin_trained_through": rows.window.end.isoformat(),
            "cost_seconds": f"{cost.seconds:.3f}",
            "rows": str(cost.rows),
        },
        metrics={"fit_seconds": cost.seconds, "peak_memory_mb": cost.peak_memory_mb},
    )
