"""An update against the champion it started from: is it fresher, and has it forgotten nothing?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_plugin.decide.gate import Check, GateReport, SliceResult, allowed_loss, floor_check
from retrain_plugin.declare.continual import Continual
from retrain_plugin.declare.metric import Metric
from retrain_plugin.declare.window import Window
from retrain_plugin.statistics.bootstrap import Comparison, compare
from retrain_plugin.statistics.predictions import Predictions

# Fewer newest rows than that cannot tell a good update from a bad one; the memory set then judges alone.
_LEAST_NEWEST = 30


@dataclass(frozen=True)
class Trial:
    """Labelled rows and what is said about them.

    Parameters:
        truth: shape (n,).
        update: predictions of the update, or of its twin.
        parent: predictions of the champion it started from.
        base: predictions of the last full fit, where that is not the parent itself.
    """

    truth: NDArray[Any]
    update: Predictions
    parent: Predictions
    base: Predictions | None = None


def judge_update(
    strategy: Continual,
    metric: Metric,
    newest: Trial,
    memory: Trial,
    periods: Sequence[tuple[Window, NDArray[np.bool_]]],
    *,
    parent: str,
    base: str,
    seed: int,
) -> GateReport:
    """Judge an update on the newest rows and on the memory set.

    `newest` are rows that neither the parent nor the update's twin has learnt (test, then train);
    `memory` are rows that nobody ever learns, and `periods` are masks over these of shape (n,).
    The update is refused where it is worse beyond doubt and beyond the gate's tolerance on the
    newest rows; where it loses more than `forgetting` on the memory set, against its parent or
    against the last full fit, so that many small losses cannot add up; or where it does so beyond
    doubt in one period of the past. Intervals are paired.
    """
    gate = strategy.gate
    settings: dict[str, Any] = {"confidence": gate.confidence, "resamples": gate.resamples, "seed": seed}
    if fault := memory.update.fault if len(memory.truth) else newest.update.fault:
        check = Check("sane predictions", False, fault)
        return GateReport(metric.name, False, f"refused: {fault}", len(newest.truth), None, None, parent, (check,))
    checks: list[Check] = []
    judged: list[SliceResult] = []
    fresh = None
    fresh = _compared(metric, newest.truth, newest.update, newest.parent, _LEAST_NEWEST, settings)
    if fresh is not None:
        checks.append(_newest(gate.tolerance, metric, fresh, parent))
    else:
        told = f"{len(newest.truth)} newest rows are too few to compare on: the memory set judges alone"
        checks.append(Check("newest rows", True, told))
    whole = _compared(metric, memory.truth, memory.update, memory.parent, gate.min_rows, settings)
    if whole is not None:
        checks += [floor_check(name, limit, memory.truth, memory.update) for name, limit in gate.floors.items()]
        judged.append(SliceResult("memory", f"all, against {parent}", whole))
        checks.append(_memory(strategy, metric, "memory", whole, parent))
        if memory.base is not None:
            since = compare(metric, memory.truth, memory.update, memory.base, **settings)
            judged.append(SliceResult("memory", f"all, against {base}", since))
            checks.append(_memory(strategy, metric, f"memory since {base}", since, base))
        # Of many periods some lose by chance (Bonferroni).
        surely = {**settings, "confidence": 1 - (1 - gate.confidence) / max(len(periods), 1)}
        for window, inside in periods:
            parts = memory.truth[inside], memory.update.where(inside), memory.parent.where(inside)
            if (found := _compared(metric, *parts, _LEAST_NEWEST, surely)) is not None:
                judged.append(SliceResult("memory", _named(window), found))
                checks.append(_period(strategy, metric, window, found))
    else:
        told = (
            f"the memory set has {len(memory.truth)} rows, or lacks a class; {gate.min_rows} rows are needed: "
            f"declare more than memory={strategy.memory:g} or a longer train="
        )
        checks.append(Check("memory", False, told))
    failed = [check for check in checks if not check.passed]
    return GateReport(
        metric=metric.name,
        passed=not failed,
        reason=_reason(metric, fresh, judged, failed, parent),
        rows=len(newest.truth),
        challenger=fresh.challenger if fresh else None,
        comparison=fresh,
        opponent=parent,
        checks=tuple(checks),
        slices=tuple(judged),
    )


def _compared(
    metric: Metric, truth: NDArray[Any], ours: Predictions, theirs: Predictions, least: int, settings: dict[str, Any]
) -> Comparison | None:
    """The comparison, or None where the rows are too few or lack a class that the metric needs."""
    if len(truth) < least or (metric.task == "classification" and len(np.unique(truth)) < 2):
        return None
    found = compare(metric, truth, ours, theirs, **settings)
    return found if np.isfinite(found.gain.value) else None


def _named(window: Window) -> str:
    """A period as people call it; to the minute only where it is shorter than a day."""
    assert window.start is not None
    form = "%Y-%m-%d" if window.end - window.start >= timedelta(days=1) else "%Y-%m-%d %H:%M"
    return f"{window.start:{form}} to {window.end:{form}}"


def _newest(tolerance: float, metric: Metric, found: Comparison, parent: str) -> Check:
    allowed = allowed_loss(tolerance, metric, found.champion.value)
    return Check(
        "newest rows",
        found.gain.value >= -allowed or found.gain.high >= 0,
        f"{metric.name} {found.challenger.value:.4f} against {found.champion.value:.4f} of {parent} on {found.rows} "
        f"rows that neither has learnt: {found.gain.value:+.4f}; a certain loss of {allowed:g} is too much",
    )


def _memory(strategy: Continual, metric: Metric, name: str, found: Comparison, against: str) -> Check:
    allowed = allowed_loss(strategy.forgetting, metric, found.champion.value)
    return Check(
        name,
        found.gain.value >= -allowed,
        f"{metric.name} {found.challenger.value:.4f} against {found.champion.value:.4f} of {against} on {found.rows} "
        f"rows that nobody has learnt: {found.gain.value:+.4f}, at most {-allowed:+.4f} may be lost",
    )


def _period(strategy: Continual, metric: Metric, window: Window, found: Comparison) -> Check:
    allowed = allowed_loss(strategy.forgetting, metric, found.champion.value)
    # One period has few rows: a loss has to be sure before it counts.
    return Check(
        f"memory of {_named(window)}",
        found.gain.high >= -allowed,
        f"gain {found.gain} on {found.rows} rows; a certain loss of {allowed:g} is too much",
    )


def _reason(
    metric: Metric, fresh: Comparison | None, judged: list[SliceResult], failed: list[Check], parent: str
) -> str:
    if failed:
        return "refused: " + "; ".join(f"{check.name}: {check.detail}" for check in failed)
    newest = f"{fresh.gain.value:+.4f} on {fresh.rows} newest rows" if fresh else "too few newest rows to compare on"
    whole = judged[0].comparison
    return f"promoted: {metric.name} against {parent}: {newest}, {whole.gain.value:+.4f} on {whole.rows} of memory"
