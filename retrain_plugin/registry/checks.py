"""Earlier checks of a model, as later ones need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from retrain_plugin.declare.model import Model
from retrain_plugin.declare.triggered import Triggered
from retrain_plugin.declare.wire import from_json
from retrain_plugin.errors import RegistryError
from retrain_plugin.registry.attempt import artifact
from retrain_plugin.registry.record import Decided, decided_before, decisions
from retrain_plugin.registry.version import TAG

# Enough for a cooldown, a budget, and the windows that decay is measured against: a quarter of days.
_MOST = 100
# Outcomes by which a retrain counts as made: one that failed is made up for at the next check.
_RETRAINED = ("promoted", "refused", "passed", "withheld")


@dataclass(frozen=True)
class Past:
    """What happened to a model before a moment: retrains of any DAG, checks of one."""

    retrains: tuple[datetime, ...]
    checks: tuple[Decided, ...]


def past(model: str, dag_id: str, as_of: datetime) -> Past:
    """The newest retrains and checks decided for earlier moments, oldest first; what was superseded is left out.

    Raises:
        RegistryError: MLflow does not answer.
    """
    asked = decided_before(model, as_of, most=_MOST, where=f"tags.`{TAG}decision` = 'retrain'")
    checked = decided_before(model, as_of, most=_MOST, where=f"tags.`{TAG}dag_id` = '{dag_id}'")
    return Past(
        tuple(one.as_of for one in asked if one.tags.get("outcome") in _RETRAINED),
        tuple(one for one in checked if any(name.startswith("verdict.") for name in one.tags)),
    )


def last_held(model: str) -> Decided:
    """The newest check of a model, of any DAG, that holds its data.

    Raises:
        RegistryError: there is none, or MLflow does not answer.
    """
    found, _ = decisions(model, most=_MOST, where=f"tags.`{TAG}decision` = 'hold'")
    held = [one for one in found if one.tags.get("faults")]
    if not held:
        raise RegistryError(f"model {model!r}: no check holds its data, so there is nothing to accept")
    return held[0]


def declared(model: str, dag_id: str | None = None) -> tuple[Model, Triggered, str]:
    """Model, strategy and DAG of the newest check, as they were declared.

    Raises:
        RegistryError: the model was never checked, or MLflow does not answer.
    """
    where = f"tags.`{TAG}strategy` = 'triggered'" + (f" and tags.`{TAG}dag_id` = '{dag_id}'" if dag_id else "")
    found, _ = decisions(model, most=_MOST, where=where)
    if not found:
        of = f" by DAG {dag_id!r}" if dag_id else ""
        raise RegistryError(f"model {model!r} was never checked{of}: run its triggered DAG once")
    wire = artifact(model, found[0].run_id, "declaration.json")
    return from_json(wire["model"]), from_json(wire["strategy"]), found[0].tags["dag_id"]
