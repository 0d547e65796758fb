"""The third step: challenger against the champion of that time."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from retrain_plugin.data.check import schema_changes
from retrain_plugin.data.rows import Rows, load
from retrain_plugin.decide.drift import PREDICTION
from retrain_plugin.decide.gate import Check, GateReport, Opponent, judge, refit_check
from retrain_plugin.declare.trigger import Decay
from retrain_plugin.errors import DataError, ModelFileError, TrainingError
from retrain_plugin.registry.attempt import Attempt, artifact
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.version import Version, champion_met, name_of, versions
from retrain_plugin.statistics.bootstrap import estimate
from retrain_plugin.statistics.predictions import Predictions
from retrain_plugin.statistics.profile import profile_from_json, profile_numbers, profile_to_json
from retrain_plugin.statistics.quality import quality
from retrain_plugin.training.fit import fit
from retrain_plugin.training.importance import importance
from retrain_plugin.training.predict import predict
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.train import ensure_trained

log = logging.getLogger(__name__)

# What a version's tags repeat of its run's, so that the registry can be read alone.
_COPIED = (
    "key",
    "dag_id",
    "dag_run_id",
    "as_of",
    "strategy",
    "asked",
    "data_digest",
    "trained_from",
    "cost_seconds",
    "rows",
    "twin_uri",
    "twin_digest",
    "twin_trained_through",
)
_COPIED_IF_THERE = ("asked_because", "step", "lineage")


def validate(job: Job) -> Attempt:
    """Judge the challenger on the holdout and register it as a version with its verdict.

    Where it passes and the strategy says so, it is fitted once more on train and holdout, and the
    refit, once proved to be the same model, is the version; a refused version is what was judged.

    Raises:
        DataError, TrainingError: as the steps before.
    """
    with job.attempt() as current:
        train, holdout, both = job.load(current)
        ensure_trained(job, current, train, holdout, both)
        history = [one for one in versions(job.model.name) if one.key != current.work.key]
        champion = champion_met(history, job.as_of, current.tags.get("judged_against"))
        opponent = name_of(champion)
        if current.reached("judged") and current.tags.get("judged_against") == opponent:
            log.info("Already judged against %s: %s", opponent, current.tags["reason"])
            return current

        estimator = current.read_model("twin")
        challenger = predict(job.model, estimator, holdout.frame, who="the challenger")
        report = _judge(job, current, champion, history, challenger, holdout)
        if challenger.fault is None:
            pictured = quality(holdout.target, challenger).to_json()
            current.record(
                artifacts={"quality.json": {**pictured, "of": f"challenger, {len(holdout)} rows of holdout"}}
            )
        chosen = "twin"
        if report.passed and job.strategy.refit:
            report = _refit(job, current, report, challenger, holdout, both)
            chosen = "refit" if report.passed else "twin"
        if report.passed:
            _describe(job, current, estimator, challenger, holdout)
        _conclude(job, current, report, champion, chosen)
        return current


def _judge(
    job: Job,
    current: Attempt,
    champion: Version | None,
    history: list[Version],
    challenger: Predictions,
    holdout: Rows,
) -> GateReport:
    gate, metric, seed = job.strategy.gate, job.model.judged_by, job.model.seed
    opponent = None
    if champion is not None:
        if not job.force and _learnt_the_same(champion, current):
            return _refusal(job, champion, "nothing new", "the champion learnt from these very rows as declared now")
        try:
            opponent = _opponent(job, champion, history, holdout)
        except (DataError, TrainingError, ModelFileError) as error:
            if not job.force:
                remedy = "mend what it needs, or run with force=True to let floors alone decide"
                return _refusal(job, champion, "champion cannot be judged", f"{error}; {remedy}")
            log.warning("v%d cannot be judged and force is set: floors alone decide. %s", champion.number, error)
    slices = {name: holdout.frame[name].astype(str).to_numpy(dtype=object) for name in gate.slices}
    return judge(gate, metric, holdout.target, challenger, opponent, slices=slices, seed=seed)


def _learnt_the_same(champion: Version, current: Attempt) -> bool:
    return all(champion.tags.get(name) == current.tags.get(name) for name in ("data_digest", "asked"))


def _refusal(job: Job, champion: Version, name: str, detail: str) -> GateReport:
    return GateReport(
        metric=job.model.metric,
        passed=False,
        reason=f"refused: {name}: {detail}",
        rows=0,
        challenger=None,
        comparison=None,
        opponent=champion.name,
        checks=(Check(name, False, detail),),
    )


def _opponent(job: Job, champion: Version, history: list[Version], holdout: Rows) -> Opponent:
    """The champion's predictions, on rows it has not seen; or its twin's, where those are too few.

    Of a champion that was updated, that which it was before it saw any of the holdout: what both
    models know ends there. Where its last full fit is more recent, the twin of that one.
    """
    name, model, which = champion.name, job.model, "model"
    rows = _rows_for(job, champion, holdout)
    judged = _before(champion, history, holdout) if champion.updated else champion
    if judged is not None and judged is not champion:
        name += f" as it was at v{judged.number}"
    unseen = _unseen(judged.trained_through if judged else None, holdout)
    if (judged is None or unseen.sum() < job.strategy.gate.min_rows) and champion.tags.get("twin_uri"):
        judged, which, name = champion, "twin", f"v{champion.number}'s twin"
        unseen = _unseen(champion.twin_trained_through, holdout)
    judged = judged or champion
    estimator = read(model, judged.tags[f"{which}_uri"], judged.tags.get(f"{which}_digest"))
    return Opponent(name, predict(model, estimator, rows.frame, who=name), unseen)


def _before(version: Version, history: list[Version], holdout: Rows) -> Version | None:
    """The newest ancestor of an updated version that has seen none of the holdout, back to its last full fit."""
    known = {str(one.number): one for one in history}
    start = holdout.window.start
    assert start is not None
    found: Version | None = version
    while found is not None and found.updated:
        found = known.get(found.tags.get("parent_version", ""))
        if found is not None and found.trained_through is not None and found.trained_through <= start:
            return found
    return None


def _unseen(trained_through: datetime | None, holdout: Rows) -> NDArray[np.bool_]:
    if trained_through is None:
        return np.ones(len(holdout), dtype=bool)
    return holdout.since(trained_through)


def _rows_for(job: Job, champion: Version, holdout: Rows) -> Rows:
    """The holdout as the champion knows it: with the features it was trained on."""
    profiled = profile_from_json(artifact(job.model.name, champion.full_fit_run_id, "profile.json"))
    if extra := [name for name in profiled if name not in job.model.features]:
        # One query for both sets of columns, so that both models see the same rows in the same order.
        wider = load(
            job.model,
            holdout.window,
            job.as_of,
            features=[*job.model.features, *extra],
            chosen=job.chosen,
            connections=job.connections,
        )
        holdout = replace(wider, frame=wider.frame[list(profiled)])
    else:
        holdout = replace(holdout, frame=holdout.frame[list(profiled)])
    if changes := schema_changes(profiled, holdout):
        raise DataError(
            f"model {job.model.name!r}, holdout {holdout.window}: v{champion.number} was trained on other columns: "
            + "; ".join(changes)
        )
    return holdout


def _refit(
    job: Job, current: Attempt, report: GateReport, challenger: Predictions, holdout: Rows, both: Rows
) -> GateReport:
    """Fit the winner on everything labelled; keep it only if it is still the model that won."""
    # An earlier try may have been cut off after this, and its refit be a version already.
    made = "refit_uri" in current.tags
    estimator, cost = (current.read_model("refit"), None) if made else fit(job.model, job.estimator(), both)
    refit = predict(job.model, estimator, holdout.frame, who="the refit")
    check = refit_check(job.strategy.gate, job.model.judged_by, holdout.target, challenger, refit)
    report = replace(report, checks=(*report.checks, check))
    if not check.passed:
        return replace(
            report, passed=False, reason=f"refused: the refit is not the model that was judged: {check.detail}"
        )
    if cost is not None:
        log.info("Refitted on %d rows in %.1f s: %s", cost.rows, cost.seconds, check.detail)
        spent = float(current.tags["cost_seconds"]) + cost.seconds
        found = {"cost_seconds": f"{spent:.3f}", "rows": str(cost.rows)}
        current.store_model("refit", estimator, both.frame, **found)
        current.record(metrics={"refit_seconds": cost.seconds, "peak_memory_mb": cost.peak_memory_mb})
    return report


def _describe(job: Job, current: Attempt, estimator: BaseEstimator, challenger: Predictions, holdout: Rows) -> None:
    """What later checks will hold the winner to: its scores, its predictions' shape, its features' importance."""
    gate = job.strategy.gate
    watched = [one.judged_by for one in job.strategy.triggers if isinstance(one, Decay)]
    scores = {}
    for metric in {one.name: one for one in (job.model.judged_by, *watched)}.values():
        settings: dict[str, Any] = {
            "confidence": gate.confidence, "resamples": gate.resamples, "seed": job.model.seed,
        }  # fmt: skip
        scores[metric.name] = asdict(estimate(metric, holdout.target, challenger, **settings)) | {
            "confidence": gate.confidence
        }
    shape = {PREDICTION: profile_numbers(challenger.level, holdout.days)} if challenger.level.ndim == 1 else {}
    current.record(
        artifacts={
            "scores.json": scores,
            "prediction.json": profile_to_json(shape),
            "importance.json": importance(job.model, estimator, holdout.frame, holdout.target),
        }
    )


def _conclude(job: Job, current: Attempt, report: GateReport, champion: Version | None, chosen: str) -> None:
    """Put the verdict on record, and the version it is about into the registry."""
    log.log(logging.INFO if report.passed else logging.WARNING, "%s: %s", job.model.name, report.reason)
    for check in report.checks:
        log.info("  %s %s: %s", "ok    " if check.passed else "FAILED", check.name, check.detail)
    through = job.windows.holdout.end.isoformat() if chosen == "refit" else current.tags["twin_trained_through"]
    verdict = {
        "decision": "retrain",
        "outcome": "passed" if report.passed else "refused",
        "reason": report.reason,
        "trained_through": through,
    }
    current.record(
        tags=verdict,
        metrics=_metrics(report),
        artifacts={"gate.json": report.to_json()},
    )
    version = current.register(
        chosen,
        {
            **{name: current.tags[name] for name in _COPIED},
            **verdict,
            "model_uri": current.tags[f"{chosen}_uri"],
            "model_digest": current.tags[f"{chosen}_digest"],
            **({"parent_version": str(champion.number)} if champion else {}),
            **{name: current.tags[name] for name in _COPIED_IF_THERE if name in current.tags},
        },
    )
    current.record(
        stage="judged",
        tags={"version": str(version.number), "judged_against": name_of(champion)},
    )
    log.info("%s is v%d, MLflow run %s", job.model.name, version.number, current.url or current.run_id)


def _metrics(report: GateReport) -> dict[str, float]:
    metrics: dict[str, float] = {"passed": float(report.passed)}
    if report.challenger:
        metrics |= report.challenger.metrics(report.metric)
    if found := report.comparison:
        metrics |= {
            **found.challenger.metrics(f"challenger_{report.metric}"),
            **found.champion.metrics(f"champion_{report.metric}"),
            **found.gain.metrics("gain"),
            "rows_compared": found.rows,
        }
    return {name: value for name, value in metrics.items() if np.isfinite(value)}
