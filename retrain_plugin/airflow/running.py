"""What the commands that start something do: run, check, update; and report, which shows what came of it."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrain_plugin.airflow.commands import moment, or_exit, tell, who
from retrain_plugin.errors import RegistryError

if TYPE_CHECKING:
    from retrain_plugin.registry.record import Decided

# Exit codes besides 0, done, and 2, wrong arguments.
FAILED, NOT_PROMOTED = 1, 3
_EXIT = {"refused": NOT_PROMOTED, "held": NOT_PROMOTED, "withheld": NOT_PROMOTED, "failed": FAILED, "open": FAILED}
_OVER = ("success", "failed")


def run(args: Namespace) -> None:
    """Retrain as of now, whatever the triggers say."""
    _start("run", args)


def check(args: Namespace) -> None:
    """Ask every trigger as of now, and retrain where the evidence asks for it."""
    _start("check", args)


def update(args: Namespace) -> None:
    """Let the champion learn what is new."""
    _start("update", args)


def report(args: Namespace) -> None:
    """Fetch the report of a decision."""
    from retrain_plugin.registry.attempt import text
    from retrain_plugin.registry.connect import REPORT
    from retrain_plugin.registry.record import decisions

    def fetch() -> None:
        found, _ = decisions(args.model, most=50, within=args.as_of)
        # A piece of work that is not over yet has none.
        told = next((one for one in found if one.outcome != "open" and one.tags.get("strategy") != "selftest"), None)
        if told is None:
            asked = f" within {args.as_of}" if args.as_of else ""
            raise RegistryError(f"model {args.model!r} has no decision on record{asked}: has its DAG run once?")
        to = Path(args.to or f"{args.model}-{told.as_of:%Y%m%dT%H%M}.html")
        to.write_text(text(args.model, told.run_id, REPORT), encoding="utf-8")
        said = f"{to}: {args.model} as of {told.as_of:%Y-%m-%d %H:%M} UTC, {told.outcome}: {told.reason}"
        tell(args, said, file=to, **_line(told))

    or_exit(args, fetch)


def _start(act: str, args: Namespace) -> None:
    from retrain_plugin.airflow.dags import dag_for, model_dags, start

    def begin() -> None:
        dag = dag_for(args.model, act, model_dags(args.model), args.dag_id)
        run_id = start(
            dag, by=who(args), reason=args.reason, force=act == "run", as_of=moment(args.as_of), by_command=True
        )
        if args.no_wait:
            tell(args, f"{dag.dag_id} was started: {run_id}", dag_id=dag.dag_id, dag_run_id=run_id)
            return
        _progress(f"{dag.dag_id} was started: {run_id}")
        try:
            state = _follow(dag.dag_id, run_id)
        except KeyboardInterrupt:
            _progress("Nobody waits any more; the run goes on in Airflow")
            sys.exit(130)
        _conclude(args, dag.dag_id, run_id, state)

    or_exit(args, begin)


def _conclude(args: Namespace, dag_id: str, run_id: str, state: str) -> None:
    from retrain_plugin.registry.record import decisions

    found, _ = decisions(args.model, most=5, where=f"tags.`retrain.dag_run_id` = '{run_id}'")
    told = next((one for one in found if one.tags.get("dag_id") == dag_id), None)
    if told is None:
        sys.exit(f"{dag_id}, {run_id}: {state}, and nothing of it is on record: see the logs of its tasks in Airflow")
    tell(args, f"{told.outcome}: {told.reason}", **_line(told))
    if code := _EXIT.get(told.outcome, 0):
        sys.exit(code)


def _line(one: Decided) -> dict[str, Any]:
    return {
        "model": one.tags.get("model"),
        "as_of": one.as_of.isoformat(),
        "dag_id": one.tags.get("dag_id"),
        "dag_run_id": one.tags.get("dag_run_id"),
        "decision": one.tags.get("decision"),
        "outcome": one.outcome,
        "reason": one.reason,
        "version": one.tags.get("version"),
        "mlflow_run_id": one.run_id,
    }


def _follow(dag_id: str, run_id: str) -> str:
    """Show every task as it goes on, until the run is over; its state."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    shown: dict[str, str | None] = {}
    while True:
        with create_session() as session:
            of_run = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
            tasks = session.execute(select(TaskInstance.task_id, TaskInstance.state).where(*of_run)).all()
            state = session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        for task_id, task_state in tasks:
            if task_state and shown.get(task_id) != task_state:
                shown[task_id] = task_state
                _progress(f"  {task_id}: {task_state}")
        if state is None or state in _OVER:
            return str(state or "deleted")
        time.sleep(1)


# Beside what is asked for, so that `--output json` can be read by a program.
_progress = partial(print, file=sys.stderr, flush=True)
