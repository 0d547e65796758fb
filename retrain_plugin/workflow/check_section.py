"""A check as one self-contained page, and as a table, for MLflow's artifact viewer."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from html import escape

import numpy as np

from retrain_plugin.decide.decision import Decision
from retrain_plugin.decide.verdict import Verdict
from retrain_plugin.statistics.profile import Counts, NumericBins, Profile, grouped, grouping
from retrain_plugin.workflow.page import page

_TONE = {"fired": "no", "error": "no", "insufficient": "warn", "quiet": "yes"}
_DRAWN = 4
_WIDTH, _HEIGHT, _FLOOR = 760, 150, 122


def check_page(model: str, decision: Decision, reference: Mapping[str, Profile], window: Mapping[str, Profile]) -> str:
    """HTML with the decision, every verdict, and the worst features' shares against the training rows'."""
    rows = "".join(_row(one) for one in decision.verdicts)
    drawn = "".join(_drawn(name, reference[name], window[name]) for name in _worst(decision) if name in window)
    legend = "<h2>The worst features: newest rows (blue) against training rows (grey)</h2>" if drawn else ""
    return page(
        f"{model} as of {decision.as_of:%Y-%m-%d %H:%M} UTC",
        decision.action,
        {"retrain": "warn", "keep": "yes", "hold": "no"}[decision.action],
        decision.reason,
        f"<table><tr><th>trigger<th>verdict<th>reason</tr>{rows}</table>{legend}{drawn}",
    )


def evidence_table(decision: Decision) -> str:
    """CSV with a line a trigger and feature."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["trigger", "state", "feature", "statistic", "limit", "probability", "natural", "changed", "rows"])
    for one in decision.verdicts:
        lines.writerow([one.trigger, one.state, "", one.statistic, one.threshold, "", "", "", one.rows])
        for seen in one.features:
            numbers = [seen.statistic, seen.limit, seen.probability, seen.natural]
            shown = ["" if number is None else f"{number:.6g}" for number in numbers]
            lines.writerow([one.trigger, one.state, seen.feature, *shown, seen.changed, one.rows])
    return out.getvalue()


def _row(one: Verdict) -> str:
    return (
        f"<tr><td>{escape(one.trigger)}</td><td class={_TONE[one.state]}>{one.state}</td>"
        f"<td>{escape(one.reason)}</td></tr>"
    )


def _worst(decision: Decision) -> list[str]:
    seen = [feature for one in decision.verdicts for feature in one.features]
    ranked = sorted(seen, key=lambda one: (-one.changed, -one.statistic / max(one.limit, 1e-12)))
    return list(dict.fromkeys(one.feature for one in ranked))[:_DRAWN]


def _drawn(name: str, reference: Profile, window: Profile) -> str:
    """Two bars a group of bins, and one pair for what is missing."""
    groups = grouping(reference)
    labels = [*_labels(reference, groups), "missing"]
    pairs = list(zip(_shares(reference, groups), _shares(window, groups), labels, strict=True))
    top = max(max(ours, theirs) for ours, theirs, _ in pairs) or 1.0
    step = _WIDTH / len(pairs)
    bars = []
    for index, (ours, theirs, label) in enumerate(pairs):
        for offset, share, colour in ((0.1, ours, "#9aa5b1"), (0.48, theirs, "#1f5fbf")):
            tall = share / top * (_FLOOR - 12)
            bars.append(
                f'<rect x="{(index + offset) * step:.1f}" y="{_FLOOR - tall:.1f}" width="{step * 0.36:.1f}" '
                f'height="{tall:.1f}" fill="{colour}"><title>{escape(label)}: {share:.1%}</title></rect>'
            )
        if index % max(1, len(pairs) // 8) == 0 or label == "missing":
            bars.append(
                f'<text x="{(index + 0.5) * step:.1f}" y="{_FLOOR + 18}" font-size="12" text-anchor="middle">'
                f"{escape(label[:10])}</text>"
            )
    return (
        f"<h2>{escape(name)}</h2>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="system-ui,sans-serif">{"".join(bars)}</svg>'
    )


def _shares(profile: Profile, groups: Counts) -> list[float]:
    counts = np.append(grouped(profile, groups), profile.missing + profile.non_finite)
    return list((counts / max(counts.sum(), 1)).tolist())


def _labels(reference: Profile, groups: Counts) -> list[str]:
    count = int(groups.max(initial=0)) + 1
    if isinstance(reference.bins, NumericBins):
        uppers = reference.bins.bounds[2:-1]
        return [f"≤ {uppers[int(np.flatnonzero(groups == one)[-1])]:.4g}" for one in range(count)] if uppers else [""]
    names = [*reference.bins.categories, "other"]
    return [
        names[int(where[0])] if len(where := np.flatnonzero(groups == one)) == 1 else "rest" for one in range(count)
    ]
