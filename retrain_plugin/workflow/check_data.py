"""The first step: are the rows of this moment fit to learn from?"""

from __future__ import annotations

import logging

from retrain_plugin.data.check import check
from retrain_plugin.data.profile import profile_rows
from retrain_plugin.data.rows import Rows
from retrain_plugin.registry.accept import accepted
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.statistics.profile import profile_to_json
from retrain_plugin.workflow.job import Job

log = logging.getLogger(__name__)


def check_data(job: Job) -> Attempt:
    """Check both windows, and record the profile of the rows learnt from and all that was found.

    Raises:
        UnsoundDataError: the rows are not fit; nothing is trained.
        DataError: they cannot be read.
    """
    with job.attempt() as current:
        ensure_checked(job, current, *job.load(current))
        return current


def ensure_checked(job: Job, current: Attempt, train: Rows, holdout: Rows, both: Rows) -> None:
    """Check the rows unless an earlier try found them sound."""
    if current.reached("checked"):
        return
    log.info("%s as of %s: %d rows to train on in %s", job.model.name, job.as_of, len(train), train.window)
    log.info("%d rows to judge on in %s", len(holdout), holdout.window)
    report = check(
        job.model,
        train,
        holdout,
        profile_rows(train),
        job.strategy.contract,
        accepted=accepted(job.model.name, job.as_of),
    )
    for finding in report.findings:
        log.log(logging.ERROR if finding.severity == "error" else logging.WARNING, "%s", finding)
    learnt_from = both if job.strategy.refit else train
    current.record(
        artifacts={"data_check.json": report.to_json(), "profile.json": profile_to_json(profile_rows(learnt_from))},
        metrics={
            "rows_train": len(train),
            "rows_holdout": len(holdout),
            "data_warnings": len(report.findings) - len(report.errors),
            "data_errors": len(report.errors),
        },
    )
    report.require_sound(job.model, train, holdout)
    current.record(stage="checked")
