"""Verdicts and history in, a decision out: retrain, keep or hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from retrain_plugin.decide.verdict import Verdict
from retrain_plugin.declare.condition import AtLeast, Condition
from retrain_plugin.declare.duration import parse_duration
from retrain_plugin.declare.trigger import MaxAge
from retrain_plugin.declare.triggered import Triggered

Action = Literal["retrain", "keep", "hold"]


@dataclass(frozen=True)
class History:
    """What happened before the moment decided for.

    Parameters:
        promoted_as_of: since when the champion of that moment has served; None without one.
        retrains: the moments of earlier decisions to retrain, of any DAG of the model.
        unseeing: by trigger, at how many checks in a row just before, since the last retrain, it
            could say nothing and should have.
        held: why the data were held when they were last looked at, unless a person accepted them since.
    """

    promoted_as_of: datetime | None = None
    retrains: tuple[datetime, ...] = ()
    unseeing: Mapping[str, int] = field(default_factory=dict)
    held: str | None = None


@dataclass(frozen=True)
class Decision:
    """What is to be done, why, and everything that was seen.

    `action` is ``retrain``, ``keep``, or ``hold``: the data look broken or the triggers are blind,
    nothing is trained, and people are told.
    """

    action: Action
    reason: str
    verdicts: tuple[Verdict, ...]
    as_of: datetime

    def to_json(self) -> dict[str, Any]:
        """The decision as JSON types."""
        return {
            "action": self.action,
            "reason": self.reason,
            "as_of": self.as_of.isoformat(),
            "verdicts": [one.to_json() for one in self.verdicts],
        }

    @classmethod
    def from_json(cls, wire: Mapping[str, Any]) -> Decision:
        """The decision that :meth:`to_json` wrote."""
        verdicts = tuple(Verdict.from_json(one) for one in wire["verdicts"])
        return cls(wire["action"], wire["reason"], verdicts, datetime.fromisoformat(wire["as_of"]))


def decide(
    strategy: Triggered, verdicts: tuple[Verdict, ...], history: History, *, as_of: datetime, force: bool = False
) -> Decision:
    """Weigh the verdicts of all triggers, the contract's among them; a pure function.

    In this order: broken data hold everything; without a champion, or by force, there is a
    retrain; during the cooldown there is none; then max age, the condition and the blind rule ask
    for one, the last two within the budget.
    """
    by_name = {one.trigger: one for one in verdicts}

    def decided(action: Action, reason: str) -> Decision:
        return Decision(action, reason, verdicts, as_of)

    contract = by_name[strategy.contract.label]
    if contract.state == "fired":
        return decided("hold", f"the data look broken: {contract.reason}")
    if history.held and contract.state != "quiet":
        return decided(
            "hold", f"still held, for the data cannot be seen to be whole ({contract.reason}): {history.held}"
        )
    if history.promoted_as_of is None:
        return decided("retrain", "there is no champion yet")
    if force:
        return decided("retrain", "asked for by force")
    fired = [one for one in verdicts if one.state == "fired"]
    said = "; ".join(map(str, fired)) or _quiet(verdicts)
    if (until := _cooling_until(strategy, history, as_of)) is not None:
        return decided("keep", f"cooling down until {until:%Y-%m-%d %H:%M} after the last retrain; {said}")
    aged = [one for one in fired if isinstance(_trigger(strategy, one.trigger), MaxAge)]
    if aged:
        return decided("retrain", str(aged[0]))
    blind = _blind(strategy, verdicts, history)
    asked = holds(strategy.when, by_name)
    if not asked and not blind:
        return decided("keep", said)
    if not asked and strategy.when_blind == "alert":
        return decided("hold", f"{blind}: nothing is trained until somebody has looked")
    if spent := _overspent(strategy, history, as_of):
        return decided("keep", f"{spent}; {said if asked else blind}")
    return decided("retrain", said if asked else f"{blind}: retrained to be safe")


def holds(condition: Condition, verdicts: Mapping[str, Verdict]) -> bool:
    """Whether a condition is fulfilled; only what fired counts."""
    if isinstance(condition, AtLeast):
        return sum(holds(part, verdicts) for part in condition.parts) >= condition.count
    return verdicts[condition.label].state == "fired"


def _trigger(strategy: Triggered, name: str) -> object:
    return next((one for one in strategy.triggers if one.label == name), None)


def _quiet(verdicts: tuple[Verdict, ...]) -> str:
    unsure = [str(one) for one in verdicts if one.state in ("insufficient", "error")]
    quiet = [one.trigger for one in verdicts if one.state == "quiet"]
    return "; ".join([*([f"{', '.join(quiet)} quiet"] if quiet else []), *unsure])


def _cooling_until(strategy: Triggered, history: History, as_of: datetime) -> datetime | None:
    if not history.retrains or not strategy.cooling:
        return None
    until = max(history.retrains) + strategy.cooling
    return until if as_of < until else None


def _blind(strategy: Triggered, verdicts: tuple[Verdict, ...], history: History) -> str | None:
    for one in verdicts:
        times = history.unseeing.get(one.trigger, 0) + 1
        if one.blind and times >= strategy.blind_after:
            return f"{one.trigger} has been blind for {times} checks in a row ({one.reason})"
    return None


def _overspent(strategy: Triggered, history: History, as_of: datetime) -> str | None:
    if strategy.budget is None:
        return None
    period: timedelta = parse_duration(strategy.budget_period, field="budget_period")
    made = sum(one > as_of - period for one in history.retrains)
    if made < strategy.budget:
        return None
    return f"the budget of {strategy.budget} retrains in {strategy.budget_period} is spent"
