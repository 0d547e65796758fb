"""The last step: who passed the gate serves, and the work is concluded."""

from __future__ import annotations

import logging

from retrain_plugin.errors import RegistryError
from retrain_plugin.registry import promote as registry_promote
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.registry.intervene import paused
from retrain_plugin.registry.version import Version, champion, versions
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.report import write_report

log = logging.getLogger(__name__)


def promote(job: Job) -> tuple[Attempt, Version, bool]:
    """Promote the judged version if it passed; return it and whether it was promoted.

    Raises:
        ModelFileError: the version's file is not the one that was judged; who served goes on.
        RegistryError: nothing was judged yet, or MLflow does not answer.
    """
    with job.attempt() as current:
        if not current.reached("judged"):
            raise RegistryError(
                f"model {job.model.name!r}: nothing was judged for DAG run {job.dag_run_id!r}: clear its validate task"
            )
        number = int(current.tags["version"])
        version = next(one for one in versions(job.model.name) if one.number == number)
        passed = current.tags["outcome"] in ("passed", "promoted", "withheld")
        if not passed:
            registry_promote.refuse(version)
            current.conclude(outcome="refused")
            write_report(current)
            log.warning("v%d is not promoted. %s", number, current.tags["reason"])
            return current, version, False
        if version.promoted_as_of is None and (pause := paused(job.model.name)):
            told = f"v{number} passed the gate and is withheld: {pause}. `airflow retrain promote` lets it serve"
            current.conclude(outcome="withheld", reason=told)
            write_report(current)
            log.warning("%s", told)
            return current, version, False
        registry_promote.promote(version, job.as_of)
        current.conclude(outcome="promoted")
        write_report(current)
        serving = champion(job.model.name)
        assert serving is not None
        if serving.number == number:
            log.info("v%d is the champion as of %s and serves now", number, job.as_of)
        else:
            log.info("v%d is the champion as of %s; v%d, promoted later, serves now", number, job.as_of, serving.number)
        return current, version, True
