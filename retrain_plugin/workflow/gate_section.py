"""The gate's verdict, drawn for a report."""

from __future__ import annotations

from html import escape

from retrain_plugin.decide.gate import GateReport
from retrain_plugin.statistics.bootstrap import Estimate

_WIDTH, _LEFT, _RIGHT, _LINE, _LETTER = 760, 190, 660, 30, 7.6


def gate_section(report: GateReport) -> str:
    """HTML with the scores and gains drawn with their intervals, and every check."""
    return f"{_scores(report)}{gains(report)}{checks(report)}"


def checks(report: GateReport) -> str:
    """Every check and what was found, as a table."""
    rows = "".join(
        f"<tr><td class={'yes' if one.passed else 'no'}>{'&#10003;' if one.passed else '&#10007;'}</td>"
        f"<td>{escape(one.name)}</td><td>{escape(one.detail)}</td></tr>"
        for one in report.checks
    )
    return f"<h2>Every check</h2><table>{rows}</table>"


def _scores(report: GateReport) -> str:
    if report.challenger is None:
        return ""
    rows = [(f"challenger, {report.rows} rows", report.challenger)]
    if report.comparison:
        found = report.comparison
        rows = [("challenger", found.challenger), (report.opponent, found.champion)]
    title = f"{report.metric} on the holdout"
    if report.comparison:
        title += f", {report.comparison.rows} rows that neither was trained on"
    return f"<h2>{escape(title)}</h2>{_intervals(rows)}"


def gains(report: GateReport, *, rows_called: str = "all rows") -> str:
    """Each gain over the champion with its interval, drawn on one axis."""
    rows = [(rows_called, report.comparison.gain)] if report.comparison else []
    rows += [(f"{one.feature} = {one.value}", one.comparison.gain) for one in report.slices]
    return (
        ""
        if not rows
        else f"<h2>Gain over {escape(report.opponent)}; right of the line is better</h2>{_intervals(rows, zero=True)}"
    )


def _intervals(rows: list[tuple[str, Estimate]], *, zero: bool = False) -> str:
    """A dot and a bar a row on one shared axis."""
    ends = [end for _, one in rows for end in (one.low, one.high, one.value) if abs(end) != float("inf")]
    low, high = min([*ends, *([0.0] if zero else [])]), max([*ends, *([0.0] if zero else [])])
    margin = (high - low) * 0.08 or 0.01
    low, high = low - margin, high + margin

    left = max(_LEFT, _LETTER * max(len(label) for label, _ in rows))

    def at(value: float) -> float:
        return left + (min(max(value, low), high) - low) / (high - low) * (_RIGHT - left)

    height = _LINE * len(rows) + 8
    drawn = [f"<line x1={at(0):.1f} x2={at(0):.1f} y1=0 y2={height} stroke=#8a94a3 />"] if zero else []
    for index, (label, one) in enumerate(rows):
        y = _LINE * index + 20
        colour = "#b3261e" if zero and one.high < 0 else "#1f5fbf"
        drawn.append(
            f"<text x=0 y={y + 5} font-size=14>{escape(label)}</text>"
            f'<line x1="{at(one.low):.1f}" x2="{at(one.high):.1f}" y1={y} y2={y} stroke={colour} stroke-width=4 />'
            f'<circle cx="{at(one.value):.1f}" cy={y} r=6 fill={colour} />'
            f"<text x={_RIGHT + 12} y={y + 5} font-size=14>{one.value:{'+' if zero else ''}.4f}</text>"
        )
    return f'<svg viewBox="0 0 {_WIDTH} {height}" font-family="system-ui,sans-serif">{"".join(drawn)}</svg>'
