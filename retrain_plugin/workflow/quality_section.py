"""Calibration and confusion, or residuals, drawn for a report."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_SIDE, _LEFT, _TOP = 260, 56, 16


def quality_section(found: Mapping[str, Any], *, of: str) -> str:
    """HTML of what :class:`retrain_plugin.statistics.quality.Quality` holds, as JSON."""
    parts = [_calibration(found["calibration"]), _confusion(found["classes"], found["confusion"])]
    if found["residuals"]:
        parts = [_residuals(found)]
    drawn = "".join(part for part in parts if part)
    return f"<h2>How good the predictions are: {escape(of)}</h2><div class=side>{drawn}</div>" if drawn else ""


def _calibration(groups: list[list[float]]) -> str:
    if not groups:
        return ""

    def at(across: float, up: float) -> tuple[float, float]:
        return _LEFT + across * _SIDE, _TOP + (1 - up) * _SIDE

    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    points = [at(mean, share) for mean, share, _ in groups]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r=4 fill=#0072b2><title>predicted {mean:.3f}, was {share:.3f}, '
        f"{int(rows)} rows</title></circle>"
        for (x, y), (mean, share, rows) in zip(points, groups, strict=True)
    )
    return (
        f"<figure><figcaption>Calibration: on the diagonal, what was predicted came true</figcaption>"
        f'<svg viewBox="0 0 {_LEFT + _SIDE + 16} {_TOP + _SIDE + 40}" font-family="system-ui,sans-serif" font-size=12>'
        f"<rect x={_LEFT} y={_TOP} width={_SIDE} height={_SIDE} fill=none stroke=#d8dee6 />"
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke=#8a94a3 stroke-dasharray=4 />'
        f'<polyline points="{line}" fill=none stroke=#0072b2 stroke-width=2 />{dots}'
        f"<text x={_LEFT} y={_TOP + _SIDE + 16}>0</text><text x={_LEFT + _SIDE - 8} y={_TOP + _SIDE + 16}>1</text>"
        f"<text x={_LEFT + _SIDE / 2} y={_TOP + _SIDE + 32} text-anchor=middle>mean predicted probability</text>"
        f"<text x={_LEFT - 8} y={_TOP + 10} text-anchor=end>1</text>"
        f"<text x={_LEFT - 8} y={_TOP + _SIDE / 2} text-anchor=end>share</text></svg></figure>"
    )


def _confusion(classes: list[str], counts: list[list[int]]) -> str:
    if not classes:
        return ""
    heads = "".join(f"<th>{escape(name)}" for name in classes)
    rows = ""
    for name, line in zip(classes, counts, strict=True):
        total = sum(line) or 1
        cells = "".join(f'<td style="background:rgb(0 114 178 / {one / total * 0.6:.2f})">{one}</td>' for one in line)
        rows += f"<tr><th>{escape(name)}</th>{cells}<td>{line[classes.index(name)] / total:.0%}</td></tr>"
    return (
        "<figure><figcaption>Confusion: was (down) against predicted (across), and the share of each that was "
        f"found</figcaption><table><tr><th>{heads}<th>found</tr>{rows}</table></figure>"
    )


def _residuals(found: Mapping[str, Any]) -> str:
    bars = found["residuals"]
    most = max(rows for _, _, rows in bars) or 1
    wide = 700 / len(bars)
    drawn = "".join(
        f'<rect x="{30 + index * wide:.1f}" y="{_TOP + 150 - rows / most * 150:.1f}" width="{wide * 0.9:.1f}" '
        f'height="{rows / most * 150:.1f}" fill=#0072b2><title>{low:.4g} to {high:.4g}: {rows} rows</title></rect>'
        for index, (low, high, rows) in enumerate(bars)
    )
    ends = (
        f"<text x=30 y={_TOP + 170}>{bars[0][0]:.4g}</text>"
        f"<text x=730 y={_TOP + 170} text-anchor=end>{bars[-1][1]:.4g}</text>"
    )
    return (
        f"<figure class=wide><figcaption>Residuals, truth minus prediction: mean {found['bias']:.4g}, root mean square "
        f'{found["spread"]:.4g}</figcaption><svg viewBox="0 0 760 {_TOP + 180}" '
        f'font-family="system-ui,sans-serif" font-size=12>{drawn}{ends}</svg></figure>'
    )
