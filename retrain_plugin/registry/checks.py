"""Earlier checks of a model, as later ones need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from retrain_plugin.declare.model import Model
from retrain_plugin.declare.triggered import Triggered
from retrain_plugin.declare.wire import from_json
from retrain_plugin.errors import RegistryError
from retrain_plugin.registry.attempt import artifact, runs
from retrain_plugin.registry.version import TAG, own_tags

# Outcomes by which a retrain counts as made: one that failed is made up for at the next check.
_RETRAINED = ("promoted", "refused", "passed", "withheld")


@dataclass(frozen=True)
class PastCheck:
    """One concluded check: its moment, what it decided, its tags without their prefix, its metrics."""

    run_id: str
    as_of: datetime
    decision: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float]

    def state(self, trigger: str) -> str | None:
        """What a trigger said."""
        return self.tags.get(f"verdict.{trigger}")

    def blind(self, trigger: str) -> bool:
        """Whether a trigger could say nothing and should have."""
        return self.tags.get(f"blind.{trigger}") == "1"


@dataclass(frozen=True)
class Past:
    """What happened to a model before a moment: retrains of any DAG, checks of one."""

    retrains: tuple[datetime, ...]
    checks: tuple[PastCheck, ...]


def past(model: str, dag_id: str, as_of: datetime) -> Past:
    """Retrains and checks decided for earlier moments, oldest first; work superseded or not done is left out.

    Raises:
        RegistryError: MLflow does not answer.
    """
    retrains: list[datetime] = []
    checks: list[PastCheck] = []
    for run in runs(model, most=5000):
        ours = own_tags(run.data.tags)
        moment = datetime.fromisoformat(ours["as_of"])
        if moment >= as_of or "superseded_by" in ours:
            continue
        if ours.get("decision") == "retrain" and ours.get("outcome") in _RETRAINED:
            retrains.append(moment)
        if ours["dag_id"] == dag_id and any(name.startswith("verdict.") for name in ours):
            checks.append(PastCheck(run.info.run_id, moment, ours.get("decision", ""), ours, run.data.metrics))
    return Past(tuple(sorted(retrains)), tuple(sorted(checks, key=lambda one: one.as_of)))


def last_held(model: str) -> PastCheck:
    """The newest check of a model, of any DAG, that holds its data.

    Raises:
        RegistryError: there is none, or MLflow does not answer.
    """
    held = []
    for run in runs(model, most=5000):
        ours = own_tags(run.data.tags)
        if ours.get("decision") == "hold" and ours.get("faults") and "superseded_by" not in ours:
            moment = datetime.fromisoformat(ours["as_of"])
            held.append(PastCheck(run.info.run_id, moment, "hold", ours, run.data.metrics))
    if not held:
        raise RegistryError(f"model {model!r}: no check holds its data, so there is nothing to accept")
    return max(held, key=lambda one: one.as_of)


def declared(model: str, dag_id: str | None = None) -> tuple[Model, Triggered, str]:
    """Model, strategy and DAG of the newest check, as they were declared.

    Raises:
        RegistryError: the model was never checked, or MLflow does not answer.
    """
    for run in runs(model, most=5000, where=f"tags.`{TAG}strategy` = 'triggered'"):
        ours = own_tags(run.data.tags)
        if dag_id in (None, ours["dag_id"]):
            wire = artifact(model, run.info.run_id, "declaration.json")
            return from_json(wire["model"]), from_json(wire["strategy"]), ours["dag_id"]
    of = f" by DAG {dag_id!r}" if dag_id else ""
    raise RegistryError(f"model {model!r} was never checked{of}: run its triggered DAG once")
