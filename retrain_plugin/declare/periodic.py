"""Retraining by the calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from retrain_plugin.declare.duration import parse_duration
from retrain_plugin.declare.fields import require_kind, require_text
from retrain_plugin.declare.gate import Gate
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.trigger import DataFault, Trigger
from retrain_plugin.declare.window import Window, Windows
from retrain_plugin.errors import DeclarationError

_PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
_CRON_FIELD = re.compile(r"[\dA-Za-z*/,\-#LW?]+")


@dataclass(frozen=True, kw_only=True)
class Periodic:
    """Retrain at every tick of a cron schedule; promote what passes the gate.

    Parameters:
        schedule: a cron expression or one of Airflow's presets; each run decides for the end of
            its data interval.
        train: length of the training window, or ``"all"`` for everything before the holdout.
        holdout: length of the newest labelled rows, which judge and, until the refit, never train.
        refit: fit what was promoted once more on train and holdout together, so that the holdout
            costs no freshness.
        gate: the rules of promotion.
        contract: what makes the newest rows broken, so that nothing is trained on them.
    """

    schedule: str
    train: str = "60D"
    holdout: str = "14D"
    refit: bool = True
    gate: Gate = field(default_factory=Gate)
    contract: DataFault = field(default_factory=DataFault)

    def __post_init__(self) -> None:
        self._require_schedule()
        if self.train != "all":
            parse_duration(self.train, field="train")
        parse_duration(self.holdout, field="holdout")
        if not isinstance(self.refit, bool):
            raise DeclarationError(f"refit={self.refit!r} must be True or False")
        require_kind(self.gate, Gate, field="gate")
        require_kind(self.contract, DataFault, field="contract")

    def _require_schedule(self) -> None:
        require_cron(self.schedule)

    @property
    def kind(self) -> str:
        """The strategy's name in ids and tags."""
        return "periodic"

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """What can ask for a retrain: here the calendar alone does."""
        return ()

    def windows(self, model: Model, as_of: datetime) -> Windows:
        """Train and holdout for a decision as of a moment: the past trains, the newest judges."""
        horizon = model.label_horizon(as_of)
        split = horizon - parse_duration(self.holdout, field="holdout")
        start = None if self.train == "all" else split - parse_duration(self.train, field="train")
        return Windows(train=Window(start, split), holdout=Window(split, horizon))


def require_cron(schedule: str) -> None:
    """Refuse what cannot be a cron schedule; Airflow has the last word on its details."""
    text = require_text(schedule, field="schedule").strip()
    if text.startswith("@"):
        if text not in _PRESETS:
            raise DeclarationError(f"schedule={schedule!r} is unknown: presets are {', '.join(_PRESETS)}")
        return
    parts = text.split()
    if len(parts) not in (5, 6) or not all(_CRON_FIELD.fullmatch(part) for part in parts):
        raise DeclarationError(
            f"schedule={schedule!r} is no cron expression: write five fields, such as '0 6 * * 1', or a preset"
        )
