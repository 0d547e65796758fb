"""Half-open intervals of event time, and the pair of them a retrain needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Window:
    """Event times ``[start, end)``; a `start` of None reaches back to the first row."""

    start: datetime | None
    end: datetime

    def __str__(self) -> str:
        start = "the first row" if self.start is None else _short(self.start)
        return f"[{start}, {_short(self.end)})"


@dataclass(frozen=True)
class Windows:
    """What a challenger is trained on, and the newer labelled rows it is judged on."""

    train: Window
    holdout: Window

    @property
    def both(self) -> Window:
        """Train and holdout together: what a refit learns from."""
        return Window(self.train.start, self.holdout.end)


def _short(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes" if not moment.second else "seconds").replace("+00:00", "Z")
