"""Retraining on evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from retrain_plugin.declare.condition import AtLeast, Condition, triggers
from retrain_plugin.declare.duration import parse_duration
from retrain_plugin.declare.fields import require_kind, require_number
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import Periodic
from retrain_plugin.declare.trigger import KS, PSI, Decay, MaxAge, Trigger
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import DeclarationError


@dataclass(frozen=True, kw_only=True)
class Triggered(Periodic):
    """Check at every tick of a schedule, and retrain when the evidence asks for it.

    Parameters:
        schedule: when to check; as for :class:`Periodic`, as are `train`, `holdout`, `refit`,
            `gate` and `contract`.
        window: length of the newest rows that are looked at.
        when: the triggers, by themselves or put together by `any_of`, `all_of`, `at_least`.
        max_age: the champion is replaced when it is older, whatever the triggers say.
        cooldown: how long after a retrain, promoted or not, the triggers are not heard.
        budget, budget_period: at most so many retrains in such a period; no limit unless given.
        blind_after: after so many checks in a row at which a trigger could say nothing, or
            failed, it counts as an alarm itself.
        when_blind: ``"retrain"``, or ``"alert"``: fail a visible task and train nothing.
    """

    window: str
    when: Condition
    max_age: str
    cooldown: str = "0D"
    budget: int | None = None
    budget_period: str = "30D"
    blind_after: int = 3
    when_blind: str = "retrain"

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_duration(self.window, field="window")
        require_kind(self.when, (PSI, KS, Decay, MaxAge, AtLeast), field="when")
        parse_duration(self.max_age, field="max_age")
        parse_duration(self.cooldown, field="cooldown", positive=False)
        if self.cooling > self.age_limit:
            raise DeclarationError(f"cooldown={self.cooldown!r} is longer than max_age={self.max_age!r}")
        if self.budget is not None:
            require_number(self.budget, field="budget", least=1, whole=True)
        parse_duration(self.budget_period, field="budget_period")
        require_number(self.blind_after, field="blind_after", least=1, whole=True)
        if self.when_blind not in ("retrain", "alert"):
            raise DeclarationError(f"when_blind={self.when_blind!r} must be 'retrain' or 'alert'")
        labels = [one.label for one in self.triggers] + [self.contract.label]
        if repeated := sorted({label for label in labels if labels.count(label) > 1}):
            raise DeclarationError(f"when: several triggers are called {', '.join(repeated)}: give them a name=")

    @property
    def kind(self) -> str:
        """The strategy's name in ids and tags."""
        return "triggered"

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """Every trigger in `when`, and `max_age` behind them unless it is among them."""
        written = tuple(triggers(self.when))
        return written if any(one.label == "max_age" for one in written) else (*written, MaxAge(self.max_age))

    @property
    def age_limit(self) -> timedelta:
        """`max_age` as a timedelta."""
        return parse_duration(self.max_age, field="max_age")

    @property
    def cooling(self) -> timedelta:
        """`cooldown` as a timedelta."""
        return parse_duration(self.cooldown, field="cooldown", positive=False)

    @property
    def length(self) -> timedelta:
        """`window` as a timedelta."""
        return parse_duration(self.window, field="window")

    def looked_at(self, as_of: datetime) -> Window:
        """The newest rows, labelled or not."""
        return Window(as_of - self.length, as_of)

    def labelled(self, model: Model, trigger: Decay, as_of: datetime) -> Window:
        """The newest labelled rows that a trigger judges the champion on."""
        horizon = model.label_horizon(as_of)
        length = parse_duration(trigger.window, field="window") if trigger.window else self.length
        return Window(horizon - length, horizon)
