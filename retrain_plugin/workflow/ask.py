"""One trigger asked, and its verdict put on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from retrain_plugin.data.rows import Rows, load, stream
from retrain_plugin.decide.age import judge_age
from retrain_plugin.decide.decay import Standard, judge_decay
from retrain_plugin.decide.drift import PREDICTION, judge_drift
from retrain_plugin.decide.verdict import Verdict
from retrain_plugin.declare.continual import Continual
from retrain_plugin.declare.duration import whole_days
from retrain_plugin.declare.trigger import KS, PSI, Decay, MaxAge, Trigger
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import DeclarationError
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.statistics.bootstrap import Estimate
from retrain_plugin.statistics.predictions import Predictions
from retrain_plugin.statistics.profile import Profile
from retrain_plugin.training.predict import predict
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.look import counted
from retrain_plugin.workflow.record_verdict import asked, no_champion
from retrain_plugin.workflow.serving import Serving, earlier, serving


def ask(job: Job, label: str) -> Attempt:
    """Ask one of the strategy's triggers and record its verdict; whatever fails in it is its verdict too.

    Raises:
        DeclarationError: the strategy has no such trigger.
        RegistryError: MLflow does not answer, so nothing can be recorded.
    """
    trigger = next((one for one in job.triggered.triggers if one.label == label), None)
    if trigger is None:
        names = ", ".join(one.label for one in job.triggered.triggers)
        raise DeclarationError(f"model {job.model.name!r}: no trigger is called {label!r}; there are {names}")
    return asked(job, label, lambda job, current: _said(job, current, trigger))


def _said(job: Job, current: Attempt, trigger: Trigger) -> Verdict:
    champion = serving(job, current)
    if champion is None:
        return no_champion(trigger.label)
    current.record(tags={"against": champion.name})
    if isinstance(trigger, MaxAge):
        # What updates keep fresh ages all the same since it was last trained in full.
        rebased = isinstance(job.strategy, Continual)
        since = champion.version.full_fit_as_of if rebased else champion.version.promoted_as_of
        assert since is not None
        return judge_age(trigger, since, job.as_of)
    if isinstance(trigger, Decay):
        return _decay(job, trigger, champion)
    return _drift(job, current, trigger, champion)


def _drift(job: Job, current: Attempt, trigger: PSI | KS, champion: Serving) -> Verdict:
    reference, window = champion.reference, counted(job, current, champion)
    if trigger.predictions:
        reference = {**reference, **champion.shape}
        window = {**window, **_predicted(job, champion)}
    return judge_drift(
        trigger, reference, window, days=whole_days(job.triggered.length), importance=champion.importance
    )


def _predicted(job: Job, champion: Serving) -> dict[str, Profile]:
    """What the champion's twin predicts for the newest rows, over the bins of its predictions on the holdout.

    The champion itself may have learnt the holdout by heart: its predictions there and on new rows
    would differ though nothing changed.
    """
    if not champion.shape:
        return {}
    bins = champion.shape[PREDICTION].bins
    estimator: BaseEstimator = champion.twin(job)
    counts, broken = np.zeros(len(bins), dtype=np.int64), 0
    pieces = stream(
        job.model, job.triggered.looked_at(job.as_of), list(champion.reference), connections=job.connections
    )
    for piece in pieces:
        if len(piece):
            level = predict(job.model, estimator, piece, who=champion.name).level
            finite = np.isfinite(level)
            counts += bins.count(level[finite])  # type: ignore[arg-type]
            broken += int((~finite).sum())
    return {PREDICTION: Profile(bins, counts, broken)}


def _decay(job: Job, trigger: Decay, champion: Serving) -> Verdict:
    window = job.triggered.labelled(job.model, trigger, job.as_of)
    known = champion.version.trained_through
    assert window.start is not None
    start = max(window.start, known) if known else window.start
    if start >= window.end:
        reason = f"{champion.name} was trained on all labelled rows there are, up to {start:%Y-%m-%d %H:%M}"
        return Verdict(trigger.label, "insufficient", reason)
    unseen = Window(start, window.end)
    features = list(champion.reference)
    extra = [trigger.predictions] if trigger.predictions and trigger.predictions not in features else []
    rows = load(job.model, unseen, job.as_of, features=[*features, *extra], connections=job.connections)
    if trigger.predictions:
        predicted = _logged(job, rows.target, rows.frame[trigger.predictions])
    elif len(rows):
        predicted = predict(job.model, champion.estimator(job), rows.frame[features], who=champion.name)
    else:
        predicted = Predictions(np.empty(0))
    history = [one for one in earlier(job).checks if one.tags.get("against") == champion.name]
    verdict = judge_decay(
        trigger,
        rows.target,
        predicted,
        _standards(trigger, champion, [(one.as_of, one.metrics) for one in history]),
        before=[one.tags.get(f"exceeded.{trigger.label}") == "1" for one in history],
        seed=job.model.seed,
    )
    # A champion so fresh that its window has hardly begun is no reason to worry.
    fresh = verdict.state == "insufficient" and start > window.start and _missing_few(rows)
    return replace(verdict, blind=verdict.blind and not fresh, reason=f"{verdict.reason}, in {unseen}")


def _missing_few(rows: Rows) -> bool:
    return rows.unlabelled <= len(rows)


def _standards(trigger: Decay, champion: Serving, history: list[tuple[Any, Any]]) -> list[Standard]:
    found = [one for one in [champion.standard(trigger.judged_by.name)] if one]
    for as_of, metrics in history:
        numbers = [metrics.get(f"{trigger.label}.{name}") for name in ("value", "low", "high", "confidence")]
        if all(one is not None for one in numbers):
            value, low, high, confidence = numbers
            found.append(Standard(f"as of {as_of:%Y-%m-%d}", Estimate(value, low, high), confidence))
    return found


def _logged(job: Job, truth: np.ndarray[Any, Any], column: pd.Series) -> Predictions:
    """What the serving model said at the time, as a column of the data holds it."""
    values = column.to_numpy(np.float64)
    if job.model.judged_by.task == "regression":
        return Predictions(values)
    classes = np.unique(truth)
    if len(classes) != 2:
        raise DeclarationError(
            f"model {job.model.name!r}: a column of predictions is understood for two classes or a regression, "
            f"and the labels have {len(classes)}"
        )
    return Predictions(classes[(values >= 0.5).astype(int)], values, classes, probabilities=True)
