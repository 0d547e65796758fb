"""Challenger against champion: may it serve?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from retrain_plugin.declare.gate import Gate
from retrain_plugin.declare.metric import Metric, metric_named
from retrain_plugin.statistics.bootstrap import Comparison, Estimate, compare, estimate
from retrain_plugin.statistics.metrics import score
from retrain_plugin.statistics.predictions import Predictions


@dataclass(frozen=True)
class Check:
    """One condition of the gate and what was found."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class SliceResult:
    """The comparison within one value of a sliced feature."""

    feature: str
    value: str
    comparison: Comparison


@dataclass(frozen=True)
class GateReport:
    """The judgement on a challenger, with all its evidence.

    `challenger` is its score on the whole holdout; `comparison` is on the rows that neither it
    nor the champion was trained on, and None where there is no champion to compare with.
    """

    metric: str
    passed: bool
    reason: str
    rows: int
    challenger: Estimate | None
    comparison: Comparison | None
    opponent: str
    checks: tuple[Check, ...]
    slices: tuple[SliceResult, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The report as JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, wire: Mapping[str, Any]) -> GateReport:
        """The report that :meth:`to_json` wrote."""
        read = dict(wire)
        read["challenger"] = Estimate(**wire["challenger"]) if wire["challenger"] else None
        read["comparison"] = _comparison(wire["comparison"]) if wire["comparison"] else None
        read["checks"] = tuple(Check(**one) for one in wire["checks"])
        read["slices"] = tuple(
            SliceResult(one["feature"], one["value"], _comparison(one["comparison"])) for one in wire["slices"]
        )
        return cls(**read)


def _comparison(wire: Mapping[str, Any]) -> Comparison:
    scores = {name: Estimate(**wire[name]) for name in ("challenger", "champion", "gain")}
    return Comparison(**scores, rows=wire["rows"])


@dataclass(frozen=True)
class Opponent:
    """The champion's predictions on the holdout rows where `unseen` (bool, shape (n,)) by its training."""

    name: str
    predicted: Predictions
    unseen: NDArray[np.bool_]


def judge(
    gate: Gate,
    metric: Metric,
    truth: NDArray[Any],
    challenger: Predictions,
    opponent: Opponent | None,
    *,
    slices: Mapping[str, NDArray[Any]] | None = None,
    seed: int,
) -> GateReport:
    """Judge a challenger on the holdout.

    `truth` and each of `slices` have shape (n,), n being the holdout's rows; a slice holds that
    row's category. All conditions are looked at, so that the report names every one that failed.
    """
    if fault := challenger.fault:
        check = Check("sane predictions", False, fault)
        return GateReport(metric.name, False, f"refused: {fault}", len(truth), None, None, "", (check,))

    settings: dict[str, Any] = {"confidence": gate.confidence, "resamples": gate.resamples, "seed": seed}
    own = estimate(metric, truth, challenger, **settings)
    checks = [Check("sane predictions", True, f"{len(truth)} finite predictions, not constant")]
    checks += [floor_check(name, limit, truth, challenger) for name, limit in gate.floors.items()]
    comparison, judged = None, []
    if opponent is None:
        checks.append(Check("champion", True, "there is none yet: floors alone decide"))
    elif (rows := int(opponent.unseen.sum())) < gate.min_rows:
        checks.append(
            Check(
                "enough rows",
                False,
                f"{rows} labelled holdout rows that {opponent.name} was not trained on; {gate.min_rows} are needed",
            )
        )
    else:
        unseen = opponent.unseen
        ours, theirs = challenger.where(unseen), opponent.predicted.where(unseen)
        comparison = compare(metric, truth[unseen], ours, theirs, **settings)
        checks += _gain(gate, metric, comparison, opponent.name)
        for feature, values in (slices or {}).items():
            judged += _slices(gate, metric, feature, values[unseen], truth[unseen], ours, theirs, settings)
        checks += [_slice_check(gate, metric, one) for one in judged]

    failed = [check for check in checks if not check.passed]
    return GateReport(
        metric=metric.name,
        passed=not failed,
        reason=_reason(metric, own, comparison, opponent, failed),
        rows=len(truth),
        challenger=own,
        comparison=comparison,
        opponent=opponent.name if opponent else "",
        checks=tuple(checks),
        slices=tuple(judged),
    )


def refit_check(gate: Gate, metric: Metric, truth: NDArray[Any], twin: Predictions, refit: Predictions) -> Check:
    """Is the refit still the model that was judged?

    A refit was trained on the holdout, so its score there proves nothing; but it must not score
    worse there than the twin that never saw it, and must rank the rows alike (Spearman's rho of
    the predictions, for several classes the least over the classes). A refit that memorises the
    holdout passes both; one whose fit went wrong does not.
    """
    if fault := refit.fault:
        return Check("refit", False, fault)
    before, after = score(metric, truth, twin), score(metric, truth, refit)
    agreement = _agreement(twin.level, refit.level)
    loss = metric.sign * (before - after)
    passed = loss <= allowed_loss(gate.tolerance, metric, before) and agreement >= gate.refit_agreement
    return Check(
        "refit",
        passed,
        f"{metric.name} on the holdout {after:.4f} after {before:.4f} for its twin, "
        f"rank correlation {agreement:.2f} (at least {gate.refit_agreement:g})",
    )


def _agreement(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    pairs = zip(np.atleast_2d(one.T), np.atleast_2d(other.T), strict=True)
    known = [
        float(spearmanr(ours, theirs).statistic) for ours, theirs in pairs if np.ptp(ours) > 0 and np.ptp(theirs) > 0
    ]
    return min(known) if known else 0.0


def allowed_loss(tolerance: float, metric: Metric, champion: float) -> float:
    """A tolerance in the metric's unit, given the champion's score."""
    return tolerance if metric.unit_free else tolerance * abs(champion)


def floor_check(name: str, limit: float, truth: NDArray[Any], challenger: Predictions) -> Check:
    """Whether predictions keep an absolute limit of some metric."""
    metric = metric_named(name)
    value = score(metric, truth, challenger)
    word = "at least" if metric.greater_is_better else "at most"
    return Check(f"floor {name}", metric.sign * (value - limit) >= 0, f"{name} {value:.4f}, {word} {limit:g} is asked")


def _gain(gate: Gate, metric: Metric, found: Comparison, name: str) -> list[Check]:
    allowed = allowed_loss(gate.tolerance, metric, found.champion.value)
    gain = found.gain
    return [
        Check(
            "gain",
            gain.value >= 0,
            f"{metric.name} {found.challenger.value:.4f} against {found.champion.value:.4f} of {name} "
            f"on {found.rows} rows: {gain.value:+.4f}",
        ),
        Check(
            "gain is certain enough",
            gain.low > -allowed,
            f"lower bound {gain.low:+.4f}, above {-allowed:+.4f} is asked",
        ),
    ]


def _slices(
    gate: Gate,
    metric: Metric,
    feature: str,
    values: NDArray[Any],
    truth: NDArray[Any],
    challenger: Predictions,
    champion: Predictions,
    settings: dict[str, Any],
) -> list[SliceResult]:
    names = np.array([str(value) for value in values])
    found = []
    for name in sorted(set(names)):
        rows = names == name
        if rows.sum() >= gate.min_slice_rows and (metric.task == "regression" or len(np.unique(truth[rows])) > 1):
            result = compare(metric, truth[rows], challenger.where(rows), champion.where(rows), **settings)
            found.append(SliceResult(feature, name, result))
    return found


def _slice_check(gate: Gate, metric: Metric, one: SliceResult) -> Check:
    allowed = allowed_loss(gate.slice_tolerance, metric, one.comparison.champion.value)
    gain = one.comparison.gain
    # Materially worse means both large and beyond doubt: among many slices, some loss is chance.
    worse = gain.value < -allowed and gain.high < 0
    return Check(
        f"slice {one.feature}={one.value}",
        not worse,
        f"{gain.value:+.4f} on {one.comparison.rows} rows, a certain loss of {allowed:g} is too much",
    )


def _reason(
    metric: Metric, own: Estimate, comparison: Comparison | None, opponent: Opponent | None, failed: list[Check]
) -> str:
    if failed:
        return "refused: " + "; ".join(f"{check.name}: {check.detail}" for check in failed)
    if opponent is None or comparison is None:
        return f"promoted: the first champion, {metric.name} {own.value:.4f}, every floor holds"
    return (
        f"promoted: {metric.name} {comparison.challenger.value:.4f} against {comparison.champion.value:.4f} "
        f"of {opponent.name} on {comparison.rows} rows, gain {comparison.gain}"
    )
