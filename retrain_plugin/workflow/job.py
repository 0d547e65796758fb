"""One retrain to be done: the declaration, the moment it is for, and who asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property

from sklearn.base import BaseEstimator

from retrain_plugin.data.connection import Connections, environment_connections
from retrain_plugin.data.rows import Chosen, Rows, load
from retrain_plugin.data.sample import learnable
from retrain_plugin.declare.continual import Continual
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import Periodic
from retrain_plugin.declare.triggered import Triggered
from retrain_plugin.declare.window import Windows
from retrain_plugin.declare.wire import digest, to_json
from retrain_plugin.errors import DeclarationError
from retrain_plugin.registry.attempt import Attempt, Work, attempt
from retrain_plugin.training.estimator import build, recipe

_NESTED = ("kind", "gate", "contract", "when")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every step of a retrain is given.

    Parameters:
        as_of: the moment decided for, with a zone and not in the future.
        dag_id, dag_run_id: with the model's name, the key under which the work is found again.
        force: train and judge even where the champion already learnt from these very rows, and
            judge on floors alone where the champion cannot be asked any more.
        url: the DAG run's page in Airflow.
        asked_by, asked_for: who asked for it by hand, and why; empty where the calendar did.
        connections: from a connection id to its address.
    """

    model: Model
    strategy: Periodic
    as_of: datetime
    dag_id: str = "python"
    dag_run_id: str = ""
    force: bool = False
    url: str | None = None
    asked_by: str = ""
    asked_for: str = ""
    connections: Connections = environment_connections

    def __post_init__(self) -> None:
        if not isinstance(self.as_of, datetime) or self.as_of.tzinfo is None:
            raise DeclarationError(
                f"model {self.model.name!r}: as_of={self.as_of!r} must be a datetime with a time zone, "
                "such as 2013-06-02T00:00:00+00:00"
            )
        # The one look at the clock: a champion promoted for the future would hold the alias till then.
        if self.as_of > datetime.now(timezone.utc):
            raise DeclarationError(f"model {self.model.name!r}: as_of={self.as_of} lies in the future")
        object.__setattr__(self, "as_of", self.as_of.astimezone(timezone.utc))
        if not self.dag_run_id:
            object.__setattr__(self, "dag_run_id", f"{self.strategy.kind}__{self.as_of.isoformat()}")

    @property
    def triggered(self) -> Triggered:
        """The strategy, where it is one that checks, or that by which a continual one's triggers are asked.

        Raises:
            DeclarationError: it asks no triggers.
        """
        if isinstance(self.strategy, Continual):
            return self.strategy.watching
        if not isinstance(self.strategy, Triggered):
            raise DeclarationError(f"model {self.model.name!r}: checking needs Triggered(...), not {self.strategy!r}")
        return self.strategy

    @property
    def continual(self) -> Continual:
        """The strategy, where it is one that updates.

        Raises:
            DeclarationError: it is not.
        """
        if not isinstance(self.strategy, Continual):
            raise DeclarationError(f"model {self.model.name!r}: updating needs Continual(...), not {self.strategy!r}")
        return self.strategy

    @property
    def chosen(self) -> Chosen | None:
        """Which rows of a window may be trained on; all of them unless given."""
        return learnable(self.model, self.strategy.memory) if isinstance(self.strategy, Continual) else None

    @property
    def windows(self) -> Windows:
        """Train and holdout."""
        return self.strategy.windows(self.model, self.as_of)

    def estimator(self) -> BaseEstimator:
        """The declared estimator, unfitted."""
        return build(self.model)

    @cached_property
    def recipe(self) -> str:
        """What that estimator is configured with, as text."""
        return recipe(self.estimator())

    @contextmanager
    def attempt(self, *, kind: str = "") -> Iterator[Attempt]:
        """This job's run in MLflow; what fails inside is recorded there. `kind` is the strategy's unless given."""
        windows = self.windows
        # When it is done next makes no difference to what is done now.
        strategy = {name: value for name, value in to_json(self.strategy).items() if name != "schedule"}
        about = {
            "train": str(windows.train),
            "holdout": str(windows.holdout),
            "source": str(self.model.source),
            "features": ", ".join(self.model.features),
            "target": self.model.target,
            "estimator": self.model.estimator,
            "metric": self.model.metric,
            "seed": str(self.model.seed),
            **({"when": str(when)} if (when := getattr(self.strategy, "when", None)) else {}),
            **{f"strategy.{name}": str(value) for name, value in strategy.items() if name not in _NESTED},
            **{
                f"{part}.{name}": str(value)
                for part in ("gate", "contract")
                for name, value in strategy[part].items()
                if name != "kind"
            },
        }
        work = Work(
            model=self.model,
            dag_id=self.dag_id,
            dag_run_id=self.dag_run_id,
            as_of=self.as_of,
            strategy=kind or self.strategy.kind,
            asked=digest(self.model, strategy, self.recipe),
            about=about,
            url=self.url,
            asked_by=self.asked_by,
            asked_for=self.asked_for,
        )
        with attempt(work) as current:
            # Whoever finds the record can do it again: the declaration is a part of it.
            if current.tags.get("declared") != work.asked:
                declared = {"model": to_json(self.model), "strategy": to_json(self.strategy)}
                current.record(tags={"declared": work.asked}, artifacts={"declaration.json": declared})
            yield current

    def load(self, current: Attempt) -> tuple[Rows, Rows, Rows]:
        """Train, holdout and both together; the attempt is bound to exactly these rows."""
        windows = self.windows
        both = load(self.model, windows.both, self.as_of, chosen=self.chosen, connections=self.connections)
        current.bind(both.digest)
        train, holdout = both.split(windows.train, windows.holdout)
        return train, holdout, both
