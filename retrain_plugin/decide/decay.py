"""Has the champion become worse? Its metric on the newest labelled rows against its own record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from retrain_plugin.decide.verdict import Verdict
from retrain_plugin.declare.metric import Metric
from retrain_plugin.declare.trigger import Decay
from retrain_plugin.statistics.bootstrap import Estimate, estimate
from retrain_plugin.statistics.predictions import Predictions


@dataclass(frozen=True)
class Standard:
    """What the champion once reached, and where: the interval is two-sided at `confidence`."""

    where: str
    score: Estimate
    confidence: float

    def at(self, confidence: float) -> Estimate:
        """The interval as if it were of another confidence, by the normal law."""
        ratio = norm.ppf((1 + confidence) / 2) / norm.ppf((1 + self.confidence) / 2)
        value = self.score.value
        return Estimate(value, value - ratio * (value - self.score.low), value + ratio * (self.score.high - value))


def judge_decay(
    trigger: Decay,
    truth: NDArray[Any],
    predicted: Predictions,
    record: Sequence[Standard],
    *,
    before: Sequence[bool] = (),
    seed: int,
) -> Verdict:
    """What a decay trigger says of labelled rows that the champion was not trained on.

    `truth` has shape (n,). `before` says of earlier checks, the newest last, whether each lost too
    much by itself. The champion is held to the standard against which its loss is surest, not to
    the luckiest value, with Bonferroni's correction for the number of standards.
    """
    if short := _too_few(trigger, truth):
        return Verdict(trigger.label, "insufficient", short, rows=len(truth), blind=True)
    if predicted.scores is not None or predicted.classes is None:
        broken = int((~np.isfinite(predicted.level)).reshape(len(truth), -1).any(axis=1).sum())
        if broken:
            reason = f"{broken} of the champion's {len(truth)} predictions are NaN or infinite"
            return Verdict(trigger.label, "error", reason, rows=len(truth), blind=True)
    metric = trigger.judged_by
    now = estimate(metric, truth, predicted, confidence=trigger.confidence, resamples=trigger.resamples, seed=seed)
    if not math.isfinite(now.value):
        reason = f"{metric.name} has no value on these {len(truth)} rows"
        return Verdict(trigger.label, "insufficient", reason, rows=len(truth), blind=True)
    numbers = {
        "metric": metric.name, "value": now.value, "low": now.low, "high": now.high, "confidence": trigger.confidence,
    }  # fmt: skip
    if not record:
        # What it scores now is what later checks will hold it to.
        reason = f"{metric.name} {now} on {len(truth)} labelled rows, and no earlier score to hold it to"
        return Verdict(trigger.label, "insufficient", reason, rows=len(truth), details=numbers)
    # Of many scores the best is high by chance too: each is compared at a confidence that holds for all of them.
    level = 1 - (1 - trigger.confidence) / len(record)
    here = Standard("here", now, trigger.confidence).at(level)

    def surely_lost(one: Standard) -> tuple[float, float]:
        """The loss since a standard, and how much of it is in doubt."""
        then = one.at(level)
        doubt = math.hypot(abs(then.value - _worst(metric, then)), abs(_best(metric, here) - here.value))
        return metric.sign * (then.value - here.value), doubt

    best = max(record, key=lambda one: surely_lost(one)[0] - surely_lost(one)[1])
    standard = best.score
    loss, doubt = surely_lost(best)
    tolerated = trigger.drop * (abs(standard.value) if trigger.relative or not metric.unit_free else 1.0)
    exceeded = loss > tolerated and loss - doubt > 0
    of = max(trigger.of, trigger.confirm)
    times = sum([*before[max(len(before) - of + 1, 0) :], exceeded]) if of > 1 else int(exceeded)
    fired = exceeded and times >= trigger.confirm
    confirmed = f", {times} of the last {of} checks, {trigger.confirm} are asked" if of > 1 else ""
    return Verdict(
        trigger.label,
        "fired" if fired else "quiet",
        f"{metric.name} {now} on {len(truth)} labelled rows, {standard.value:.4f} {best.where}: "
        f"{'lost' if loss >= 0 else 'gained'} {abs(loss):.4f}, tolerated {tolerated:.4f}, in doubt {doubt:.4f}"
        f"{confirmed}",
        statistic=loss,
        threshold=tolerated,
        rows=len(truth),
        smallest_shift=max(tolerated, doubt),
        details={**numbers, "standard": standard.value, "where": best.where, "exceeded": exceeded},
    )


def _too_few(trigger: Decay, truth: NDArray[Any]) -> str | None:
    if len(truth) < trigger.min_rows:
        return f"{len(truth)} labelled rows that the champion was not trained on, {trigger.min_rows} are needed"
    # A function of one's own does not say what it is for; numbers with a fraction are no classes.
    classes_known = not trigger.judged_by.function or not np.issubdtype(truth.dtype, np.floating)
    if trigger.judged_by.task == "classification" and classes_known:
        classes, counts = np.unique(truth, return_counts=True)
        if len(classes) < 2:
            return f"all {len(truth)} labels are {classes[0]}"
        if len(classes) == 2 and counts.min() < trigger.min_positives:
            return f"{counts.min()} labels are {classes[np.argmin(counts)]}, {trigger.min_positives} are needed"
    return None


def _worst(metric: Metric, one: Estimate) -> float:
    return one.low if metric.greater_is_better else one.high


def _best(metric: Metric, one: Estimate) -> float:
    return one.high if metric.greater_is_better else one.low
