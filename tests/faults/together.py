"""Works done at the same moment by several processes, and a reader who looks on all the while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier, Event
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from retrain_plugin import RegistryError
from retrain_plugin.registry import promote as registry_promote
from retrain_plugin.registry.intervene import pause, promote_by_hand, resume, rollback
from retrain_plugin.registry.version import champion, versions
from retrain_plugin.workflow import check, retrain, update
from tests.conftest import AS_OF
from tests.faults.works import CONTINUAL, DAY, PERIODIC, PERSON, TRIGGERED, WEEK, Place, model, settle

WAIT = 60


def retrains(strategy: str, place: Place, rounds: int, gate: Barrier, said: Connection) -> None:
    """Retrain or update round after round, and promote in the same instant as the others do."""
    settle(place)
    of, promoting = model(place.data), registry_promote.promote
    waited = False

    def promote_with_the_others(*arguments: Any) -> None:
        nonlocal waited
        waited = True
        gate.wait(WAIT)
        promoting(*arguments)

    registry_promote.promote = promote_with_the_others
    promoted = 0
    for number in range(rounds):
        waited = False
        promoted += _WORK[strategy](of, AS_OF + number * DAY / 4)
        if not waited:
            gate.wait(WAIT)
        # All begin the next round together, whoever promoted last.
        gate.wait(WAIT)
    said.send(promoted)


def _periodic(of: Any, as_of: datetime) -> bool:
    return retrain(of, replace(PERIODIC, gate=_OPEN), as_of=as_of, dag_id="periodic", force=True).promoted


def _triggered(of: Any, as_of: datetime) -> bool:
    named: dict[str, Any] = {"as_of": as_of, "dag_id": "triggered", "force": True}
    check(of, replace(TRIGGERED, gate=_OPEN), **named)
    return retrain(of, replace(TRIGGERED, gate=_OPEN), **named).promoted


def _continual(of: Any, as_of: datetime) -> bool:
    strategy = replace(CONTINUAL, gate=_OPEN, min_rows=1, forgetting=0.9)
    return update(of, strategy, as_of=as_of, dag_id="continual").promoted


_OPEN = replace(PERIODIC.gate, tolerance=0.9, min_rows=50)
_WORK: dict[str, Callable[[Any, datetime], bool]] = {
    "periodic": _periodic, "triggered": _triggered, "continual": _continual,
}  # fmt: skip


def backfills(dag_id: str, place: Place, rounds: int, gate: Barrier, said: Connection) -> None:
    """Decide week after week at one's own pace, as the backfill of one DAG does beside that of another."""
    settle(place)
    gate.wait(WAIT)
    strategy = replace(PERIODIC, gate=_OPEN)
    weeks = [AS_OF + number * WEEK for number in range(rounds)]
    said.send([retrain(model(place.data), strategy, as_of=week, dag_id=dag_id).run_id for week in weeks])


def people(act: str, place: Place, rounds: int, gate: Barrier, said: Connection) -> None:
    """Do one thing by hand, round after round, in the same instant as the others do theirs."""
    settle(place)
    acts: dict[str, Callable[[], Any]] = {
        "rollback": lambda: rollback("events", **PERSON),
        "promotion": lambda: promote_by_hand("events", _some_other(), **PERSON),
        "pause": lambda: (pause("events", **PERSON), resume("events", **PERSON)),
    }
    done = 0
    for _ in range(rounds):
        gate.wait(WAIT)
        try:
            acts[act]()
            done += 1
        except RegistryError:
            # Nobody left to roll back to is an answer, too.
            pass
    said.send(done)


def _some_other() -> int:
    serving = champion("events")
    return next(one.number for one in reversed(versions("events")) if serving is None or one.number != serving.number)


def watch(place: Place, over: Event, said: Connection) -> None:
    """Ask for the champion without a pause; say how often, how long nobody answered, and whom it was."""
    settle(place)
    client = MlflowClient()
    asked, gone, seen, lost = 0, 0.0, set(), None
    while not over.is_set():
        begun = time.monotonic()
        try:
            seen.add(int(client.get_model_version_by_alias("events", "champion").version))
            if lost is not None:
                gone, lost = gone + begun - lost, None
        except MlflowException:
            lost = begun if lost is None else lost
        asked += 1
    said.send((asked, gone if lost is None else gone + time.monotonic() - lost, sorted(seen)))
