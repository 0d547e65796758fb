"""The works whose every call is made to fail, each done in a process of its own."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import mlflow.sklearn
from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches

from retrain_plugin import PSI, Continual, Decay, Gate, Model, Periodic, Triggered, any_of
from retrain_plugin.registry.intervene import promote_by_hand, rollback
from retrain_plugin.workflow import check, retrain, update
from tests.conftest import AS_OF, declared
from tests.faults.boundary import Boundary, Fault

# MLflow looks through all installed packages once in every process that stores a model: here before all of them.
warn_dependency_requirement_mismatches(["mlflow"])

WEEK, DAY = timedelta(weeks=1), timedelta(days=1)
GATE = Gate(resamples=50, min_rows=100, tolerance=0.2)
LENGTHS = {"train": "30D", "holdout": "7D"}
PERIODIC = Periodic(schedule="@weekly", gate=GATE, **LENGTHS)
STRICT = Periodic(schedule="@weekly", gate=replace(GATE, floors={"roc_auc": 0.999}), **LENGTHS)
TRIGGERED = Triggered(
    schedule="@daily", window="7D", when=any_of(PSI(), Decay("roc_auc", drop=0.1)), max_age="90D", gate=GATE, **LENGTHS
)
CONTINUAL = Continual(schedule="@daily", replay=0.5, memory=0.15, forgetting=0.2, keep=1, gate=GATE, **LENGTHS)
PERSON = {"by": "ada", "reason": "by hand"}


def model(folder: str) -> Model:
    return declared(folder, "tests.estimators:online")


@dataclass(frozen=True)
class Doing:
    """What has to be there before, and the work itself."""

    do: Callable[[Model], Any]
    before: tuple[Callable[[Model], Any], ...] = ()


def retrained(strategy: Periodic, weeks: int = 0) -> Callable[[Model], Any]:
    return lambda of: retrain(of, strategy, as_of=AS_OF + weeks * WEEK)


def updated(days: int, *, force: bool = False) -> Callable[[Model], Any]:
    return lambda of: update(of, CONTINUAL, as_of=AS_OF + days * DAY, force=force)


WORKS = {
    "first retrain": Doing(retrained(PERIODIC)),
    "retrain": Doing(retrained(PERIODIC, 1), (retrained(PERIODIC),)),
    "refused retrain": Doing(retrained(STRICT, 1), (retrained(PERIODIC),)),
    "check": Doing(lambda of: check(of, TRIGGERED, as_of=AS_OF + WEEK), (retrained(TRIGGERED),)),
    # The third update is the first that prunes.
    "update": Doing(updated(3), (updated(0), updated(1), updated(2))),
    "rebase": Doing(updated(2, force=True), (updated(0), updated(1))),
    "rollback": Doing(lambda of: rollback(of.name, to=1, **PERSON), (retrained(PERIODIC), retrained(PERIODIC, 1))),
    "promotion by hand": Doing(
        lambda of: promote_by_hand(of.name, 2, **PERSON), (retrained(PERIODIC), retrained(STRICT, 1))
    ),
    "restoring": Doing(lambda of: promote_by_hand(of.name, 1, **PERSON), (retrained(PERIODIC), retrained(PERIODIC, 1))),
}


@dataclass(frozen=True)
class Place:
    """Where the works of a test are done."""

    data: str
    mlflow: str
    temporary: str


def prepare(name: str, place: Place, said: Connection) -> None:
    """Do what has to be there before a work."""
    settle(place)
    for step in WORKS[name].before:
        step(model(place.data))
    said.send("done")


def perform(name: str, place: Place, fault: Fault | None, said: Connection) -> None:
    """Do a work with a fault in it; say which calls were made and what came of it."""
    settle(place)
    boundary = Boundary(fault, place.temporary)
    boundary.watch()
    try:
        WORKS[name].do(model(place.data))
        came = "done"
    except Exception as error:
        came = f"{type(error).__name__}: {error}"
    said.send((boundary.calls, came))


def settle(place: Place) -> None:
    """Make this process one of the place."""
    logging.disable(logging.CRITICAL)
    os.environ["MLFLOW_TRACKING_URI"] = place.mlflow
    tempfile.tempdir = place.temporary
    mlflow.set_tracking_uri(place.mlflow)
    mlflow.set_registry_uri(place.mlflow)
