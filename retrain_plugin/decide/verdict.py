"""What a trigger says, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["fired", "quiet", "insufficient", "error"]


@dataclass(frozen=True)
class Evidence:
    """What a trigger saw in one feature.

    `limit` is the statistic at which the feature would have counted as changed, `natural` the
    largest among the training rows' own windows (None where they are too few days), and
    `probability` the chance of such a statistic where nothing changed, corrected for the number of
    features.
    """

    feature: str
    statistic: float
    limit: float
    probability: float
    natural: float | None
    changed: bool


@dataclass(frozen=True)
class Verdict:
    """What one trigger says of one moment.

    Parameters:
        trigger: its name.
        state: ``insufficient`` means too few rows or labels to say, ``error`` that it failed.
        reason: in words, with numbers.
        statistic, threshold: the worst feature's, or the loss and what is tolerated.
        rows: how many rows were looked at.
        smallest_shift: the smallest shift, in the statistic's unit, that would have been seen.
        blind: whether this counts towards the blind rule: the trigger could say nothing and should have.
        features: evidence by feature, the worst first.
        details: further numbers, such as a score with its interval.
    """

    trigger: str
    state: State
    reason: str
    statistic: float | None = None
    threshold: float | None = None
    rows: int = 0
    smallest_shift: float | None = None
    blind: bool = False
    features: tuple[Evidence, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.trigger} {self.state}: {self.reason}"

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON types."""
        return {**asdict(self), "details": dict(self.details)}

    @classmethod
    def from_json(cls, wire: Mapping[str, Any]) -> Verdict:
        """The verdict that :meth:`to_json` wrote."""
        return cls(**{**wire, "features": tuple(Evidence(**one) for one in wire["features"])})


def failed(trigger: str, error: BaseException | str) -> Verdict:
    """The verdict of a trigger that could not be asked."""
    return Verdict(trigger, "error", " ".join(str(error).split())[:1000] or type(error).__name__, blind=True)
