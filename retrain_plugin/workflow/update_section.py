"""An update drawn for a report: what it gained, what it remembers, and all updates before it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from typing import Any

from retrain_plugin.decide.gate import GateReport
from retrain_plugin.workflow.gate_section import checks, gains

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 250, 60, 740, 20, 210
_FRESH, _MEMORY, _REBASE = "#1f5fbf", "#0b6e4f", "#8a94a3"


@dataclass(frozen=True)
class Point:
    """One update or rebase on the time axis; a score is None where there was none."""

    as_of: datetime
    fresh: float | None = None
    memory: float | None = None
    rebased: bool = False
    passed: bool = True

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return {**asdict(self), "as_of": self.as_of.isoformat()}

    @classmethod
    def from_json(cls, wire: Mapping[str, Any]) -> Point:
        """What :meth:`to_json` wrote."""
        return cls(**{**wire, "as_of": datetime.fromisoformat(wire["as_of"])})


def update_section(report: GateReport, points: Sequence[Point]) -> str:
    """HTML with the scores over the updates so far, the gains with their intervals, and every check."""
    return f"{_history(report.metric, points)}{gains(report, rows_called='newest rows')}{checks(report)}"


def _history(metric: str, points: Sequence[Point]) -> str:
    """Scores on the newest rows and on the memory set, update by update; rebases as vertical lines."""
    scores = [one for point in points for one in (point.fresh, point.memory) if one is not None]
    if not scores:
        return ""
    low, high = min(scores), max(scores)
    margin = (high - low) * 0.1 or 0.01
    low, high = low - margin, high + margin
    # Enough digits to tell the lines of the grid apart.
    digits = max(3, math.ceil(-math.log10(high - low)) + 1)
    step = (_RIGHT - _LEFT) / max(len(points) - 1, 1)

    def across(index: int) -> float:
        return _LEFT + index * step

    def down(value: float) -> float:
        return _BOTTOM - (value - low) / (high - low) * (_BOTTOM - _TOP)

    drawn = [
        f"<line x1={_LEFT} x2={_RIGHT} y1={down(value):.1f} y2={down(value):.1f} stroke=#d8dee6 />"
        f'<text x=0 y="{down(value) + 5:.1f}" font-size=13>{value:.{digits}f}</text>'
        for value in (low + margin, (low + high) / 2, high - margin)
    ]
    drawn += [
        f'<line x1="{across(index):.1f}" x2="{across(index):.1f}" y1={_TOP} y2={_BOTTOM} stroke={_REBASE} '
        f"stroke-dasharray=4 ><title>rebase as of {point.as_of:%Y-%m-%d %H:%M}</title></line>"
        for index, point in enumerate(points)
        if point.rebased
    ]
    for colour, name in ((_FRESH, "fresh"), (_MEMORY, "memory")):
        seen = [(index, point, getattr(point, name)) for index, point in enumerate(points)]
        line = " ".join(f"{across(i):.1f},{down(score):.1f}" for i, _, score in seen if score is not None)
        drawn.append(f'<polyline points="{line}" fill=none stroke={colour} stroke-width=2 />')
        drawn += [
            f'<circle cx="{across(i):.1f}" cy="{down(score):.1f}" r=4 stroke={colour} stroke-width=2 '
            f"fill={colour if point.passed else '#fff'} >"
            f"<title>{name} {score:.4f} as of {point.as_of:%Y-%m-%d %H:%M}</title></circle>"
            for i, point, score in seen
            if score is not None
        ]
    ends = "".join(
        f'<text x="{across(index):.1f}" y={_BOTTOM + 20} font-size=13 text-anchor={anchor}>'
        f"{points[index].as_of:%Y-%m-%d %H:%M}</text>"
        for index, anchor in ((0, "start"), (len(points) - 1, "end"))
    )
    legend = (
        f"<text x={_LEFT} y={_BOTTOM + 38} font-size=13 fill={_FRESH}>newest rows, before they were learnt</text>"
        f"<text x=330 y={_BOTTOM + 38} font-size=13 fill={_MEMORY}>memory set</text>"
        f"<text x=430 y={_BOTTOM + 38} font-size=13 fill=#5a6472>open: refused; dashed: trained in full</text>"
    )
    return (
        f"<h2>{escape(metric)} over the last {len(points)} updates</h2>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="system-ui,sans-serif">{"".join(drawn)}{ends}{legend}</svg>'
    )
