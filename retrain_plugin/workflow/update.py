"""A continual update in plain Python: the champion learns what is new, or is trained anew where that no longer does."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from retrain_plugin.data.connection import Connections, environment_connections
from retrain_plugin.decide.rebase import STUCK, Cause, Progress, rebase_due
from retrain_plugin.declare.continual import Continual
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.window import Window, Windows
from retrain_plugin.errors import UnsoundDataError
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.registry.intervene import paused
from retrain_plugin.registry.lineage import past_updates, prune
from retrain_plugin.registry.record import Decided
from retrain_plugin.registry.version import Version, champion_met, champions, last, versions
from retrain_plugin.training.warm import family
from retrain_plugin.workflow.ask import ask
from retrain_plugin.workflow.causes import causes_at_sight, causes_in_rows, changed, lineage
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.learn import Parent, learn_new, new_of, register, sound
from retrain_plugin.workflow.look import look
from retrain_plugin.workflow.promote import promote
from retrain_plugin.workflow.report import write_report
from retrain_plugin.workflow.retrain import Retraining
from retrain_plugin.workflow.train import train
from retrain_plugin.workflow.validate import validate

log = logging.getLogger(__name__)


def update(
    model: Model,
    strategy: Continual,
    *,
    as_of: datetime,
    force: bool = False,
    dag_id: str = "python",
    dag_run_id: str = "",
    connections: Connections = environment_connections,
) -> Retraining:
    """Let the champion learn the labelled rows it has not learnt, as of a moment, or rebase where that no longer does.

    Doing it again for the same `as_of` finds what was done. Where nothing is new, or a later
    update was made already, nothing changes and the result says so; its version is who serves.

    Raises:
        DeclarationError: `as_of` has no zone or lies in the future.
        DataError: the rows cannot be read, or are not fit to learn from: then nothing was learnt.
        TrainingError: the estimator cannot learn on from its weights, be fitted, stored or asked.
        RegistryError: MLflow does not answer.
    """
    job = Job(
        model=model, strategy=strategy, as_of=as_of, force=force, dag_id=dag_id, dag_run_id=dag_run_id,
        connections=connections,
    )  # fmt: skip
    if strategy.triggers:
        look(job)
        for trigger in strategy.triggers:
            ask(job, trigger.label)
    current = updated(job)
    told = current.tags
    if told["outcome"] == "held":
        raise UnsoundDataError(told["reason"])
    judged = told["outcome"] in ("promoted", "refused", "withheld")
    return Retraining(
        model=model.name,
        as_of=job.as_of,
        windows=_windows(told) if judged and told["decision"] == "update" else job.windows,
        version=int(told["version"]),
        promoted=told["outcome"] == "promoted",
        reason=told["reason"],
        gate=current.artifact("gate.json") if judged else {},
        run_id=current.run_id,
    )


def updated(job: Job) -> Attempt:
    """One tick, after the triggers were asked: nothing new, an update, a rebase, or rows that are held."""
    # What can never learn on is refused before anything is read.
    family(job.model, job.estimator())
    with job.attempt() as current:
        rebase = _tick(job, current)
    if rebase:
        train(job)
        validate(job)
        current = promote(job)[0]
    if current.tags["outcome"] != "kept" and not rebase:
        write_report(current)
    if current.tags["outcome"] == "promoted":
        prune(job.model.name, job.continual.keep)
    return current


def _tick(job: Job, current: Attempt) -> bool:
    """Decide and, where an update is enough, make it; or say that a rebase is to be made."""
    strategy, name = job.continual, job.model.name
    others = [one for one in versions(name) if one.key != current.work.key]
    if later := _later(others, job):
        return _keep(current, later, f"v{later.number}, of a later update, serves already: updates are made in order")
    if current.tags.get("decision") == "retrain":
        return True
    if current.tags.get("outcome") in ("kept", "held"):
        # Rows may have come, been corrected or been accepted since.
        current.record(stage="opened")
    met = current.tags.get("parent_version")
    champion = champion_met(others, job.as_of, met and f"v{met}")
    if champion is not None and (pause := paused(name)):
        return _keep(current, champion, str(pause))
    past = past_updates(name, job.as_of)
    if champion is None:
        return _rebase(job, current, Progress(), Cause("first", "there is no champion yet"))
    progress = _progress(past)
    parent = Parent.of(job, champion, others)
    if cause := rebase_due(strategy, progress, causes_at_sight(job, current, parent)):
        return _rebase(job, current, progress, cause)
    if changed(job, parent):
        return _keep(current, champion, f"{parent.name} was declared otherwise, and a rebase was refused for that")
    new = new_of(job, parent)
    if len(new) < strategy.min_rows:
        mark = f"{parent.learnt.through:%Y-%m-%d %H:%M}"
        return _keep(
            current, champion, f"{len(new)} new labelled rows since {mark}, an update waits for {strategy.min_rows}"
        )
    current.bind(f"{champion.number}-{new.digest}", name="new_digest")
    if current.reached("concluded"):
        log.info("Decided before on these rows: %s", current.tags["reason"])
        return False
    if not current.reached("trained"):
        if cause := rebase_due(strategy, progress, causes_in_rows(parent, new)):
            return _rebase(job, current, progress, cause)
        if not sound(job, current, parent, new, past, progress):
            return False
        if not learn_new(job, current, parent, new, past, progress):
            failed = progress.after_update(passed=False)
            if not failed.stuck:
                return _refused(current, champion, failed)
            told = f"{failed.refused} updates in a row were refused, the last one: {current.tags['reason']}"
            return _rebase(job, current, failed, Cause(STUCK, told))
    register(job, current, parent, progress)
    return False


def _progress(past: list[Decided]) -> Progress:
    if not past or (past[-1].rebased and past[-1].tags["outcome"] == "promoted"):
        return Progress()
    return Progress.from_tags(past[-1].tags)


def _later(others: list[Version], job: Job) -> Version | None:
    ours = [one for one in champions(others) if one.tags.get("strategy") == job.strategy.kind]
    return last([one for one in ours if one.promoted_as_of and one.promoted_as_of > job.as_of])


def _keep(current: Attempt, serving: Version, why: str) -> bool:
    """Conclude without a change, unless the work was concluded by an earlier try."""
    if current.reached("concluded"):
        log.info("Decided before: %s", current.tags["reason"])
        return False
    log.info("Nothing is done: %s", why)
    current.conclude(decision="keep", outcome="kept", reason=why, version=str(serving.number))
    return False


def _refused(current: Attempt, serving: Version, progress: Progress) -> bool:
    current.conclude(outcome="refused", version=str(serving.number), **progress.to_tags())
    return False


def _rebase(job: Job, current: Attempt, progress: Progress, cause: Cause) -> bool:
    """Put on record that a rebase is to be made, and why; should it be refused, the next tick knows."""
    log.info("Rebase: %s", cause.reason)
    current.record(
        stage="decided",
        tags={
            "decision": "retrain",
            "step": "rebase",
            "asked_because": f"rebase: {cause.reason}"[:1000],
            "rebase": cause.name,
            "lineage": lineage(job),
            **progress.after_refused_rebase(cause).to_tags(),
        },
    )
    return True


def _windows(told: Mapping[str, str]) -> Windows:
    start, tested, end = (
        datetime.fromisoformat(told[one]) for one in ("learnt_from", "tested_from", "trained_through")
    )
    return Windows(train=Window(start, tested), holdout=Window(tested, end))
