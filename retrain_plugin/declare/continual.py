"""Learning on from the champion's weights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from retrain_plugin.declare.condition import AtLeast, Condition, triggers
from retrain_plugin.declare.duration import parse_duration
from retrain_plugin.declare.fields import require_kind, require_number, require_text
from retrain_plugin.declare.periodic import Periodic
from retrain_plugin.declare.trigger import KS, PSI, Decay, MaxAge, Trigger
from retrain_plugin.declare.triggered import Triggered
from retrain_plugin.errors import DeclarationError

# Updates refused or held in a row after which the weights are given up.
REFUSALS = 2


@dataclass(frozen=True)
class OnAsset:
    """A schedule that is an Airflow asset, as a record can hold it."""

    name: str
    uri: str

    def __post_init__(self) -> None:
        require_text(self.name, field="schedule name")
        require_text(self.uri, field="schedule uri")


@dataclass(frozen=True, kw_only=True)
class Continual(Periodic):
    """Update the champion at every tick from its own weights; retrain in full, *rebase*, when that no longer does.

    An update learns the labelled rows since the champion's, together with replayed older ones.
    It serves only if it is no worse on the newest rows and has not forgotten the older ones, which
    a memory set tells: rows that no version of the model is ever trained on.

    Parameters:
        schedule: as for :class:`Periodic`, or an Airflow asset, whose every event starts an update.
        replay: replayed rows for each new one.
        memory: share of all rows that is kept for the memory set.
        forgetting: the largest loss on the memory set; unit as a gate's tolerance.
        periods: into how many stretches of equal length the past is cut, each of which is replayed
            and remembered alike.
        recency: half-life by which newer stretches are replayed more; all alike unless given.
        rebase_every: updates after which there is a rebase.
        keep: versions made by updates that stay in the registry; rebases always do.
        grow: trees or iterations that an update adds to an estimator that learns by growing.
        min_rows: an update waits for so many new labelled rows.
        when: triggers that ask for a rebase at once.
        window: length of the newest rows that these look at.
        train, holdout, refit, gate, contract: of a rebase, as for :class:`Periodic`. The gate's
            tolerance also says how much worse an update may be on the newest rows.

    Raises:
        DeclarationError: naming the field that is wrong.
    """

    schedule: Any
    replay: float = 0.2
    memory: float = 0.1
    forgetting: float = 0.01
    periods: int = 6
    recency: str | None = None
    rebase_every: int = 10
    keep: int = 20
    grow: int = 10
    min_rows: int = 20
    when: Condition | None = None
    window: str = "7D"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number(self.replay, field="replay", most=100)
        require_number(self.memory, field="memory", least=0.001, most=0.5)
        require_number(self.forgetting, field="forgetting")
        require_number(self.periods, field="periods", least=1, most=100, whole=True)
        if self.recency is not None:
            parse_duration(self.recency, field="recency")
        for name in ("rebase_every", "keep", "grow", "min_rows"):
            require_number(getattr(self, name), field=name, least=1, whole=True)
        parse_duration(self.window, field="window")
        if self.when is not None:
            require_kind(self.when, (PSI, KS, Decay, MaxAge, AtLeast), field="when")
            # Names that clash and the like are found there.
            _ = self.watching

    def _require_schedule(self) -> None:
        # Known by what it has, since declarations do without Airflow.
        if isinstance(self.schedule, str) or not (hasattr(self.schedule, "uri") and hasattr(self.schedule, "name")):
            super()._require_schedule()

    @property
    def kind(self) -> str:
        """The strategy's name in ids and tags."""
        return "continual"

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """What can ask for a rebase."""
        return () if self.when is None else tuple(triggers(self.when))

    @property
    def half_life(self) -> timedelta | None:
        """`recency` as a timedelta."""
        return None if self.recency is None else parse_duration(self.recency, field="recency")

    @property
    def watching(self) -> Triggered:
        """The strategy by which the triggers in `when` are asked.

        Raises:
            DeclarationError: there are none, or two have one name.
        """
        if self.when is None:
            raise DeclarationError("when: no trigger was declared")
        return Triggered(
            schedule="@daily",
            window=self.window,
            when=self.when,
            max_age="36500D",
            train=self.train,
            holdout=self.holdout,
            refit=self.refit,
            gate=self.gate,
            contract=self.contract,
        )
