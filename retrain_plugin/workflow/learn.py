"""One update: learn the new rows, judge what came of it, and let it serve if it passed."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from retrain_plugin.data.check import check_new
from retrain_plugin.data.profile import profile_against
from retrain_plugin.data.rows import Rows
from retrain_plugin.data.sample import Learnt, cut, new_rows, remembered_rows, replayed
from retrain_plugin.decide.forgetting import Trial, judge_update
from retrain_plugin.decide.gate import Check, GateReport
from retrain_plugin.decide.rebase import Progress
from retrain_plugin.declare.continual import REFUSALS
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import TrainingError
from retrain_plugin.registry import promote as registry_promote
from retrain_plugin.registry.accept import accepted
from retrain_plugin.registry.attempt import Attempt, artifact
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.record import Decided
from retrain_plugin.registry.version import Version
from retrain_plugin.statistics.predictions import Predictions
from retrain_plugin.statistics.profile import NumericBins, Profile, profile_from_json, profile_to_json, widened
from retrain_plugin.training.predict import predict
from retrain_plugin.training.warm import family, learn, together
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.serving import Serving
from retrain_plugin.workflow.update_section import Point

log = logging.getLogger(__name__)

# Part of the new rows, the newest, that the update's twin does not learn but is tested on.
_TESTED = 0.2
_MOST_REMEMBERED = 10_000
# What a version takes over from the one it started from: where its lineage began, and the twin of that full fit.
_INHERITED = ("trained_from", "twin_uri", "twin_digest", "twin_trained_through", "lineage")
# What its tags repeat of its run's.
_OF_ITS_RUN = (
    "key",
    "dag_id",
    "dag_run_id",
    "as_of",
    "strategy",
    "asked",
    "decision",
    "step",
    "reason",
    "new_digest",
    "trained_through",
    "rows",
    "rows_new",
    "rows_replayed",
    "hours_new",
    "remembered",
    "cost_seconds",
    "parent_version",
    "base_version",
)


@dataclass(frozen=True)
class Parent:
    """The champion that an update starts from, and the last full fit before it."""

    serving: Serving
    base: Version
    estimator: BaseEstimator
    learnt: Learnt

    @property
    def version(self) -> Version:
        """The champion."""
        return self.serving.version

    @property
    def name(self) -> str:
        """How people call it."""
        return self.serving.name

    @classmethod
    def of(cls, job: Job, champion: Version, others: Sequence[Version]) -> Parent:
        """Read the champion from the registry."""
        number = champion.tags.get("base_version", str(champion.number))
        base = next((one for one in others if str(one.number) == number), champion)
        assert champion.trained_from is not None
        assert champion.trained_through is not None
        learnt = Learnt(champion.trained_from, champion.trained_through, datetime.fromisoformat(champion.tags["as_of"]))
        return cls(Serving(champion), base, _read(job, champion), learnt)


def new_of(job: Job, parent: Parent) -> Rows:
    """The labelled rows that the champion has not learnt."""
    return new_rows(job.model, parent.learnt, job.as_of, memory=job.continual.memory, connections=job.connections)


def sound(job: Job, current: Attempt, parent: Parent, new: Rows, past: Sequence[Decided], progress: Progress) -> bool:
    """Whether the new rows may be learnt; else they are held, on record."""
    before = _last_learnt(job, parent, past)
    reference = _as_learnt(parent.serving.reference, before)
    right = accepted(job.model.name, job.as_of)
    findings = check_new(job.model, new, reference, job.strategy.contract, whole=before, accepted=right)
    errors = [one for one in findings if one.severity == "error"]
    for one in findings:
        log.log(logging.ERROR if one.severity == "error" else logging.WARNING, "%s", one)
    if not errors:
        # The next update is held against what this one learns.
        window = profile_against(new, {name: _reaching(one, new.frame[name]) for name, one in reference.items()})
        current.record(artifacts={"window.json": profile_to_json(window)})
        return True
    reason = (
        f"model {job.model.name!r}, new rows {new.window}: {'; '.join(one.message for one in errors)}. Nothing was "
        "learnt and the champion keeps serving: correct the data, or, where they are right, `airflow retrain accept` "
        f"the model, and clear this run. After {REFUSALS} such updates a rebase looks at the whole training window"
    )
    current.record(artifacts={"data_check.json": {"findings": [vars(one) for one in findings]}})
    current.conclude(
        decision="hold",
        outcome="held",
        reason=reason,
        version=str(parent.version.number),
        faults=",".join(f"{one.feature}:{one.check}" for one in errors if one.feature),
        **progress.after_update(passed=False).to_tags(),
    )
    return False


def learn_new(
    job: Job, current: Attempt, parent: Parent, new: Rows, past: Sequence[Decided], progress: Progress
) -> bool:
    """Learn and judge; all that was found is on record, and the model is stored if it passed."""
    model = job.model
    count = round(job.continual.replay * len(new))
    old = _replayed(job, parent, count) if count else None
    tested = np.arange(len(new)) >= round(len(new) * (1 - _TESTED))
    report, child, seconds = _tried(job, parent, new, old, tested)
    log.log(logging.INFO if report.passed else logging.WARNING, "%s: %s", model.name, report.reason)
    for check in report.checks:
        log.info("  %s %s: %s", "ok    " if check.passed else "FAILED", check.name, check.detail)
    if child is not None and report.passed:
        current.store_model("update", child, new.frame)
    mark = parent.learnt.through
    metrics = {
        "rows_new": len(new),
        "rows_replayed": len(old) if old else 0,
        "hours_new": (new.window.end - mark).total_seconds() / 3600,
        "fit_seconds": seconds,
        "updates": progress.updates + 1,
        "passed": float(report.passed),
        **_scores(report),
    }
    current.record(
        stage="trained" if report.passed else None,
        tags={
            "decision": "update",
            "step": "update",
            "reason": report.reason,
            "learnt_from": mark.isoformat(),
            "tested_from": _moment(new, tested),
            "trained_through": new.window.end.isoformat(),
            "rows": str(len(new) + (len(old) if old else 0)),
            "rows_new": str(len(new)),
            "rows_replayed": str(len(old) if old else 0),
            "hours_new": f"{metrics['hours_new']:.2f}",
            "remembered": _remembered(report),
            "cost_seconds": f"{seconds:.3f}",
            "parent_version": str(parent.version.number),
            "base_version": str(parent.base.number),
        },
        metrics=metrics,
        artifacts={
            "gate.json": report.to_json(),
            "updates.json": {"points": [one.to_json() for one in _points(model.metric, past, job.as_of, metrics)]},
        },
    )
    return report.passed


def register(job: Job, current: Attempt, parent: Parent, progress: Progress) -> None:
    """Make the stored update a version and let it serve; doing it again is doing it once."""
    told, inherited = current.tags, parent.version.tags
    tags = {
        **{name: inherited[name] for name in _INHERITED if name in inherited},
        **{name: told[name] for name in _OF_ITS_RUN},
        "base_run_id": parent.version.full_fit_run_id,
        "base_as_of": _since(parent),
        "updates": str(progress.updates + 1),
        "outcome": "passed",
        "model_uri": told["update_uri"],
        "model_digest": told["update_digest"],
    }
    version = current.register("update", tags)
    registry_promote.promote(version, job.as_of)
    current.conclude(outcome="promoted", version=str(version.number), **progress.after_update(passed=True).to_tags())
    log.info("v%d, updated from %s, serves as of %s", version.number, parent.name, job.as_of)


def _tried(
    job: Job, parent: Parent, new: Rows, old: Rows | None, tested: NDArray[np.bool_]
) -> tuple[GateReport, BaseEstimator | None, float]:
    """Learn without the rows to test on, and with them; the verdict, the update, and the seconds of both fits."""
    grow, without = job.continual.grow, new.where(~tested)
    early = together(without, old) if old else without
    # A single pass goes on from the twin, so that each row is learnt once; a fit has to begin with the parent again.
    single = family(job.model, parent.estimator).mechanism == "partial_fit"
    rest = new.where(tested) if single else together(new, old) if old else new
    try:
        twin, first = learn(job.model, deepcopy(parent.estimator), early, grow=grow)
        child, second = learn(job.model, deepcopy(twin if single else parent.estimator), rest, grow=grow)
    except TrainingError as error:
        check = Check("learns", False, str(error))
        return GateReport(job.model.metric, False, f"refused: {error}", 0, None, None, parent.name, (check,)), None, 0.0
    return _judge(job, parent, new.where(tested), twin, child), child, first.seconds + second.seconds


def _since(parent: Parent) -> str:
    since = parent.version.full_fit_as_of
    assert since is not None
    return since.isoformat()


def _last_learnt(job: Job, parent: Parent, past: Sequence[Decided]) -> dict[str, Profile] | None:
    """The profile of the rows that the champion learnt last, if it was updated since its last full fit."""
    for one in reversed(past):
        if one.tags.get("version") == str(parent.version.number) and one.tags["decision"] == "update":
            return profile_from_json(artifact(job.model.name, one.run_id, "window.json"))
    return None


def _as_learnt(reference: Mapping[str, Profile], before: Mapping[str, Profile] | None) -> dict[str, Profile]:
    """The profile of the last full fit, its range as wide as that of all rows learnt since."""
    if before is None:
        return dict(reference)
    return {name: replace(one, bins=before[name].bins) for name, one in reference.items()}


def _reaching(one: Profile, column: pd.Series) -> Profile:
    if not isinstance(one.bins, NumericBins):
        return one
    values = column.to_numpy(np.float64)
    finite = values[np.isfinite(values)]
    return widened(one, float(finite.min()), float(finite.max())) if len(finite) else one


def _judge(job: Job, parent: Parent, newest: Rows, twin: BaseEstimator, child: BaseEstimator) -> GateReport:
    strategy, learnt = job.continual, parent.learnt
    memory = remembered_rows(
        job.model,
        Window(learnt.start, job.model.label_horizon(job.as_of)),
        job.as_of,
        memory=strategy.memory,
        periods=strategy.periods,
        most=_MOST_REMEMBERED,
        connections=job.connections,
    )
    base = _read(job, parent.base) if parent.base.number != parent.version.number else None
    return judge_update(
        strategy,
        job.model.judged_by,
        Trial(newest.target, _said(job, twin, newest), _said(job, parent.estimator, newest)),
        Trial(
            memory.target,
            _said(job, child, memory),
            _said(job, parent.estimator, memory),
            _said(job, base, memory) if base is not None else None,
        ),
        [(one, _inside(memory, one)) for one in cut(Window(learnt.start, learnt.through), strategy.periods)],
        parent=parent.name,
        base=parent.base.name,
        seed=job.model.seed,
    )


def _replayed(job: Job, parent: Parent, count: int) -> Rows:
    strategy = job.continual
    return replayed(
        job.model,
        parent.learnt,
        count,
        job.as_of,
        memory=strategy.memory,
        periods=strategy.periods,
        half_life=strategy.half_life,
        connections=job.connections,
    )


def _said(job: Job, estimator: BaseEstimator, rows: Rows) -> Predictions:
    if not len(rows):
        return Predictions(np.empty(0))
    return predict(job.model, estimator, rows.frame, who="the update")


def _inside(rows: Rows, window: Window) -> NDArray[np.bool_]:
    assert window.start is not None
    return rows.since(window.start) & ~rows.since(window.end)


def _scores(report: GateReport) -> dict[str, float]:
    """Scores of the update for charts: on the newest rows, on the memory set, and what each gained."""
    found = {"fresh": report.comparison, "memory": report.slices[0].comparison if report.slices else None}
    metrics: dict[str, float] = {}
    for name, one in found.items():
        if one is not None:
            metrics |= {**one.challenger.metrics(f"{name}_{report.metric}"), f"{name}_gain": one.gain.value}
    return {name: value for name, value in metrics.items() if np.isfinite(value)}


def _points(metric: str, past: Sequence[Decided], as_of: datetime, metrics: Mapping[str, float]) -> list[Point]:
    """The updates so far and this one, for the picture."""

    def point(moment: datetime, found: Mapping[str, float], *, rebased: bool, passed: bool) -> Point:
        return Point(moment, found.get(f"fresh_{metric}"), found.get(f"memory_{metric}"), rebased, passed)

    earlier = [
        point(one.as_of, one.metrics, rebased=one.rebased, passed=one.tags["outcome"] == "promoted") for one in past
    ]
    return [*earlier, point(as_of, metrics, rebased=False, passed=bool(metrics["passed"]))]


def _remembered(report: GateReport) -> str:
    """What the update kept of the past, in a few words for its version."""
    return "; ".join(
        f"{report.metric} {one.comparison.challenger.value:.4f}, gain {one.comparison.gain}, {one.value}"
        for one in report.slices
        if one.value.startswith("all")
    )


def _moment(rows: Rows, mask: NDArray[np.bool_]) -> str:
    """When the first of some of the rows happened, or the window's end where there are none."""
    if not mask.any():
        return rows.window.end.isoformat()
    return f"{rows.event_time[mask][0].astype('datetime64[s]').item().isoformat()}+00:00"


def _read(job: Job, version: Version) -> BaseEstimator:
    return read(job.model, version.tags["model_uri"], version.tags.get("model_digest"))
