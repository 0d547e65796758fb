"""The fire drill: triggers that are shown a change must fire, and shown none must stay quiet."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retrain_plugin.data.connection import Connections, environment_connections
from retrain_plugin.data.profile import profile_against, profile_rows
from retrain_plugin.data.rows import Rows, load
from retrain_plugin.decide.age import judge_age
from retrain_plugin.decide.contract import faults
from retrain_plugin.decide.decay import Standard, judge_decay
from retrain_plugin.decide.decision import History, decide
from retrain_plugin.decide.drift import judge_drift
from retrain_plugin.decide.verdict import State, Verdict, failed
from retrain_plugin.declare.duration import parse_duration, whole_days
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.trigger import KS, PSI, Decay, MaxAge
from retrain_plugin.declare.triggered import Triggered
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import RetrainError, SelfTestError
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.statistics.bootstrap import estimate
from retrain_plugin.statistics.predictions import Predictions
from retrain_plugin.training.predict import predict
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.serving import serving

log = logging.getLogger(__name__)

# Days of rows a drill is held on where the strategy trains on all there are.
_SPAN = timedelta(days=60)
# The injected change: so large a part of the rows moves to the far end of its feature.
_MOVED = 0.6


@dataclass(frozen=True)
class Drill:
    """One trigger shown one situation: what it should have said, and what it said."""

    trigger: str
    situation: str
    expected: State
    verdict: Verdict

    @property
    def passed(self) -> bool:
        """Whether it said what it should have."""
        return self.verdict.state == self.expected

    def __str__(self) -> str:
        if self.passed:
            return f"{self.trigger}, {self.situation}: {self.verdict.state}, as it should be"
        return (
            f"{self.trigger}, {self.situation}: should have been {self.expected} and was {self.verdict.state} "
            f"({self.verdict.reason})"
        )


@dataclass(frozen=True)
class SelfTest:
    """All drills of a strategy's triggers as of a moment."""

    model: str
    as_of: datetime
    drills: tuple[Drill, ...]

    @property
    def failed(self) -> tuple[Drill, ...]:
        """The drills that failed."""
        return tuple(one for one in self.drills if not one.passed)

    def require_passed(self) -> None:
        """Fail loudly if any drill did.

        Raises:
            SelfTestError: naming each trigger and what it missed.
        """
        if self.failed:
            raise SelfTestError(
                f"model {self.model!r}: {len(self.failed)} of {len(self.drills)} drills failed as of {self.as_of}: "
                + "; ".join(map(str, self.failed))
                + ". A trigger that fails its drill cannot be relied on: loosen or mend it; max_age still stands behind"
            )


def selftest(
    model: Model,
    strategy: Triggered,
    *,
    as_of: datetime,
    dag_id: str = "python_selftest",
    dag_run_id: str = "",
    connections: Connections = environment_connections,
) -> SelfTest:
    """Drill every trigger of a strategy on a copy of the newest labelled rows; one MLflow run holds the record.

    Drift triggers and the contract see two random halves of the same rows, which must not differ,
    and then one of them changed. Decay sees the champion on both halves, then its predictions
    shuffled among the rows, which must be noticed, and then made perfect, which must not alarm. The
    decision itself is drilled with all triggers fired, none, and the data broken.

    Raises:
        DataError: the rows cannot be read.
        RegistryError: MLflow does not answer.
    """
    job = Job(
        model=model, strategy=strategy, as_of=as_of, dag_id=dag_id, dag_run_id=dag_run_id or f"selftest__{as_of}",
        connections=connections,
    )  # fmt: skip
    return drilled(job)[1]


def drilled(job: Job) -> tuple[Attempt, SelfTest]:
    """The self-test as a job of its own."""
    with job.attempt(kind="selftest") as current:
        horizon = job.model.label_horizon(job.as_of)
        length = job.strategy.train
        span = _SPAN if length == "all" else parse_duration(length, field="train")
        rows = load(job.model, Window(horizon - span, horizon), job.as_of, connections=job.connections)
        found = SelfTest(job.model.name, job.as_of, tuple(_drills(job, current, rows)))
        for one in found.drills:
            log.log(logging.INFO if one.passed else logging.ERROR, "%s %s", "ok    " if one.passed else "FAILED", one)
        shown = [{"trigger": one.trigger, "situation": one.situation, "expected": one.expected, "passed": one.passed,
                  "verdict": one.verdict.to_json()} for one in found.drills]  # fmt: skip
        current.record(
            metrics={"drills": len(found.drills), "drills_failed": len(found.failed)},
            artifacts={"drills.json": {"drills": shown}},
        )
        current.conclude(outcome="failed" if found.failed else "passed", reason=_summary(found))
        return current, found


def _summary(found: SelfTest) -> str:
    if not found.failed:
        return f"all {len(found.drills)} drills passed"
    return f"{len(found.failed)} of {len(found.drills)} drills failed: {'; '.join(map(str, found.failed))}"


def _drills(job: Job, current: Attempt, rows: Rows) -> Iterator[Drill]:
    strategy = job.triggered
    random = np.random.default_rng(job.model.seed)
    halves = random.random(len(rows)) < 0.5
    one = _some(rows, np.flatnonzero(halves))
    # As many rows as a window has, of as many days as the reference.
    size = max(1, round(len(rows) * strategy.length / max(rows.window.end - _start(rows), strategy.length)))
    rest = np.flatnonzero(~halves)
    other = _some(rows, np.sort(random.choice(rest, min(size, len(rest)), replace=False)))
    yield from _guarded(strategy.contract.label, lambda: _contract(job, one, other))
    for trigger in strategy.triggers:
        if isinstance(trigger, PSI | KS):
            yield from _guarded(trigger.label, lambda trigger=trigger: _drift(job, trigger, one, other))
        elif isinstance(trigger, Decay):
            yield from _guarded(trigger.label, lambda trigger=trigger: _decay(job, current, trigger, rows, halves))
        else:
            yield from _guarded(trigger.label, lambda trigger=trigger: _age(trigger, job.as_of))
    yield from _guarded("decision", lambda: _decision(job))


def _guarded(trigger: str, drills: Any) -> Iterator[Drill]:
    """A trigger that breaks down in its drill has failed it, and the others are still drilled."""
    try:
        yield from drills()
    except Exception as error:
        if isinstance(error, RetrainError):
            log.error("%s: %s", trigger, error)
        else:
            log.exception("%s broke down", trigger)
        yield Drill(trigger, "drill", "quiet", failed(trigger, error))


def _some(rows: Rows, chosen: NDArray[np.int64]) -> Rows:
    return replace(
        rows,
        frame=rows.frame.iloc[chosen].reset_index(drop=True),
        target=rows.target[chosen],
        event_time=rows.event_time[chosen],
    )


def _start(rows: Rows) -> datetime:
    assert rows.window.start is not None
    return rows.window.start


def _drift(job: Job, trigger: PSI | KS, one: Rows, other: Rows) -> Iterator[Drill]:
    reference = profile_rows(one)
    judged = replace(trigger, predictions=False, min_importance=0.0)
    for situation, shown, expected in (
        ("two halves of the same rows", other, "quiet"),
        (f"{_MOVED:.0%} of the rows moved to the end of each feature", _moved(other, job.model.seed), "fired"),
    ):
        window = profile_against(shown, reference)
        verdict = judge_drift(judged, reference, window, days=whole_days(job.triggered.length))
        yield Drill(trigger.label, situation, expected, verdict)  # type: ignore[arg-type]


def _moved(rows: Rows, seed: int) -> Rows:
    """A copy in which most rows have the largest values of each number and the rarest known category."""
    moved = np.random.default_rng(seed + 1).random(len(rows)) < _MOVED
    changed = {}
    for name, column in rows.frame.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            known = column.value_counts()
            rarest = known[known > 0].index[-1]
            changed[str(name)] = column.mask(moved, rarest)
        else:
            changed[str(name)] = column.mask(moved, column[np.isfinite(column)].max())
    return replace(rows, frame=rows.frame.assign(**changed))


def _contract(job: Job, one: Rows, other: Rows) -> Iterator[Drill]:
    contract, reference = job.triggered.contract, profile_rows(one)
    emptied = np.random.default_rng(job.model.seed + 1).random(len(other)) < _MOVED
    lost = replace(other, frame=other.frame.apply(lambda column: column.mask(emptied)))
    for situation, shown, expected in (
        ("two halves of the same rows", other, "quiet"),
        (f"{_MOVED:.0%} of the values missing", lost, "fired"),
    ):
        window = profile_against(shown, reference)
        found = faults(contract, reference, window, days=whole_days(job.triggered.length), start=_start(one).date())
        state: State = "fired" if found else "quiet"
        if len(shown) < contract.min_rows:
            state = "insufficient"
        reason = "; ".join(map(str, found[:3])) or f"no fault in {len(shown)} rows"
        yield Drill(contract.label, situation, expected, Verdict(contract.label, state, reason))  # type: ignore[arg-type]


def _decay(job: Job, current: Attempt, trigger: Decay, rows: Rows, halves: NDArray[np.bool_]) -> Iterator[Drill]:
    champion = serving(job, current)
    if champion is None:
        yield Drill(trigger.label, "drill", "quiet", failed(trigger.label, "there is no champion to drill it on yet"))
        return
    known = load(job.model, rows.window, job.as_of, features=list(champion.reference), connections=job.connections)
    # The newest rows alone: as many as a check sees.
    newest = known.since(max(_start(known), known.window.end - 2 * job.triggered.length))
    predicted = predict(job.model, champion.estimator(job), known.frame, who=champion.name).where(newest)
    truth = known.target[newest]
    half = np.random.default_rng(job.model.seed).random(len(truth)) < 0.5
    settings: dict[str, Any] = {
        "confidence": trigger.confidence, "resamples": trigger.resamples, "seed": job.model.seed,
    }  # fmt: skip
    score = estimate(trigger.judged_by, truth[half], predicted.where(half), **settings)
    standard = [Standard("on one half of the rows", score, trigger.confidence)]
    ours, theirs = truth[~half], predicted.where(~half)
    for situation, shown, expected in (
        ("on two halves of the same rows", theirs, "quiet"),
        ("with its predictions shuffled", _shuffled(theirs, job.model.seed), "fired"),
        ("with perfect predictions", _perfect(theirs, ours), "quiet"),
    ):
        before = [True] * trigger.of if expected == "fired" else []
        verdict = judge_decay(trigger, ours, shown, standard, before=before, seed=job.model.seed)
        yield Drill(trigger.label, situation, expected, verdict)  # type: ignore[arg-type]


def _shuffled(predicted: Predictions, seed: int) -> Predictions:
    order = np.random.default_rng(seed).permutation(len(predicted))
    scores = None if predicted.scores is None else predicted.scores[order]
    return replace(predicted, values=predicted.values[order], scores=scores)


def _perfect(predicted: Predictions, truth: NDArray[Any]) -> Predictions:
    if predicted.classes is None or predicted.scores is None:
        return replace(predicted, values=truth.astype(predicted.values.dtype))
    # Short of certainty, for which the log loss has no finite answer elsewhere.
    hits = np.where(truth[:, None] == predicted.classes, 0.99, 0.01 / max(len(predicted.classes) - 1, 1))
    return replace(predicted, values=truth, scores=hits[:, 1] if predicted.scores.ndim == 1 else hits)


def _age(trigger: MaxAge, as_of: datetime) -> Iterator[Drill]:
    margin = trigger.limit / 100
    young, old = (judge_age(trigger, as_of - trigger.limit + sign * margin, as_of) for sign in (1, -1))
    yield Drill(trigger.label, "a champion almost as old as allowed", "quiet", young)
    yield Drill(trigger.label, "a champion older than allowed", "fired", old)


def _decision(job: Job) -> Iterator[Drill]:
    """Whether verdicts lead to what they are for; in the words of a trigger, retraining is firing."""
    strategy = job.triggered
    contract = strategy.contract.label
    history = History(promoted_as_of=job.as_of)
    for situation, state, broken, expected in (
        ("with every trigger fired", "fired", "quiet", "retrain"),
        ("with every trigger quiet", "quiet", "quiet", "keep"),
        ("with the data broken", "fired", "fired", "hold"),
    ):
        verdicts = (
            Verdict(contract, broken, "drill"),  # type: ignore[arg-type]
            *(Verdict(one.label, state, "drill") for one in strategy.triggers),  # type: ignore[arg-type]
        )
        made = decide(strategy, verdicts, history, as_of=job.as_of)
        said: State = "fired" if made.action == expected else "error"
        yield Drill("decision", f"{situation} to {expected}", "fired", Verdict("decision", said, made.action))
