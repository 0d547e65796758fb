"""What the pages among a run's artifacts share: one look, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from html import escape

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c2430;max-width:52rem;margin:1.5rem auto;padding:0 1rem}
h1{font-size:1.25rem;margin:0}h2{font-size:1rem;margin:1.2rem 0 .4rem}
p{margin:.3rem 0 1rem}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #d8dee6;vertical-align:top}
tr.above td{border-bottom:0;padding-bottom:0}
.yes{color:#0b6e4f;font-weight:600}.no{color:#b3261e;font-weight:600}.warn{color:#8a5a00;font-weight:600}
svg{width:100%;height:auto}.side{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0;flex:1 1 20rem;max-width:26rem}
figure.wide{max-width:none}figcaption{color:#5a6472;font-size:.85rem;margin-bottom:.4rem}summary{cursor:pointer}
"""


def page(title: str, verdict: str, tone: str, reason: str, body: str) -> str:
    """A self-contained HTML page: a headline ending in a verdict, its reason, and a body of HTML.

    `tone` is ``yes``, ``no`` or ``warn``.
    """
    return (
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}: {escape(verdict)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}: <span class={tone}>{escape(verdict)}</span></h1><p>{escape(reason)}</p>{body}"
    )
