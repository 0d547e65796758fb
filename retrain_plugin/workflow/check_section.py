"""A check's verdicts, drawn for a report, and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from html import escape

from retrain_plugin.decide.decision import Decision
from retrain_plugin.decide.verdict import Verdict
from retrain_plugin.statistics.histogram import histogram
from retrain_plugin.statistics.profile import Profile

_TONE = {"fired": "no", "error": "no", "insufficient": "warn", "quiet": "yes"}
_DRAWN = 4
_WIDTH, _HEIGHT, _FLOOR = 760, 150, 122


def check_section(decision: Decision, reference: Mapping[str, Profile], window: Mapping[str, Profile]) -> str:
    """HTML with every verdict, and the worst features' shares against the training rows'."""
    rows = "".join(_row(one) for one in decision.verdicts)
    drawn = "".join(_drawn(name, reference[name], window[name]) for name in _worst(decision) if name in window)
    legend = "<h2>The worst features: newest rows (blue) against training rows (grey)</h2>" if drawn else ""
    heads = "<th>trigger<th>verdict<th>statistic<th>limit<th>rows<th>would see from"
    return f"<h2>What the triggers say</h2><table><tr>{heads}</tr>{rows}</table>{legend}{drawn}"


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
    numbers = (one.statistic, one.threshold, one.rows, one.smallest_shift)
    cells = "".join(f"<td>{'' if number is None else format(number, '.4g')}</td>" for number in numbers)
    # MLflow shows the page in a narrow frame: the reason has a line of its own.
    return (
        f"<tr class=above><td>{escape(one.trigger)}</td><td class={_TONE[one.state]}>{one.state}</td>{cells}</tr>"
        f"<tr><td colspan=6>{escape(one.reason)}</td></tr>"
    )


def _worst(decision: Decision) -> list[str]:
    seen = [feature for one in decision.verdicts for feature in one.features]
    ranked = sorted(seen, key=lambda one: (-one.changed, -one.statistic / max(one.limit, 1e-12)))
    return list(dict.fromkeys(one.feature for one in ranked))[:_DRAWN]


def _drawn(name: str, reference: Profile, window: Profile) -> str:
    """Two bars a group of bins, and one pair for what is missing."""
    groups = histogram(reference, window)
    top = max(max(one.reference, one.current) for one in groups) or 1.0
    step = _WIDTH / len(groups)
    bars = []
    for index, one in enumerate(groups):
        label = one.label
        for offset, share, colour in ((0.1, one.reference, "#9aa5b1"), (0.48, one.current, "#1f5fbf")):
            tall = share / top * (_FLOOR - 12)
            bars.append(
                f'<rect x="{(index + offset) * step:.1f}" y="{_FLOOR - tall:.1f}" width="{step * 0.36:.1f}" '
                f'height="{tall:.1f}" fill="{colour}"><title>{escape(label)}: {share:.1%}</title></rect>'
            )
        if index % max(1, len(groups) // 8) == 0 or label == "missing":
            bars.append(
                f'<text x="{(index + 0.5) * step:.1f}" y="{_FLOOR + 18}" font-size="12" text-anchor="middle">'
                f"{escape(label[:10])}</text>"
            )
    return (
        f"<h2>{escape(name)}</h2>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="system-ui,sans-serif">{"".join(bars)}</svg>'
    )
