"""What the commands of ``airflow retrain`` do."""

from __future__ import annotations

import getpass
import logging
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime, timezone

from airflow.configuration import conf

from retrain_plugin.airflow.connections import connection_address, use_mlflow_connection
from retrain_plugin.errors import DeclarationError, RetrainError

# What commands say goes to people, not to a log.
say: Callable[[str], object] = print


def selftest(args: Namespace) -> None:
    """Drill the triggers that the last check of a model was made by."""
    from retrain_plugin.registry.checks import declared
    from retrain_plugin.workflow.selftest import selftest as drill

    def run() -> None:
        as_of = _moment(args.as_of)
        model, strategy, dag_id = declared(args.model, args.dag_id)
        found = drill(
            model,
            strategy,
            as_of=as_of,
            dag_id=f"{dag_id}_selftest",
            dag_run_id=f"cli__{datetime.now(timezone.utc).isoformat()}",
            connections=connection_address,
        )
        for one in found.drills:
            say(f"{'ok    ' if one.passed else 'FAILED'} {one}")
        found.require_passed()

    or_exit(run)


def accept(args: Namespace) -> None:
    """Accept what the last held check of a model found."""
    from retrain_plugin.registry.accept import accept as record
    from retrain_plugin.registry.checks import last_held

    def run() -> None:
        held = last_held(args.model)
        breaches = [tuple(one.rsplit(":", 1)) for one in held.tags["faults"].split(",")]
        made = record(
            args.model,
            breaches,  # type: ignore[arg-type]
            as_of=held.as_of,
            by=args.by or getpass.getuser(),
            reason=args.reason,
        )
        shown = ", ".join(f"{feature} ({rule})" for feature, rule in made.breaches)
        say(f"Accepted for {args.model} as of {made.as_of.isoformat()}, by {made.by}: {shown}")
        say(f"Clear the DAG run {held.tags['dag_run_id']!r} of {held.tags['dag_id']!r} to decide it anew.")

    or_exit(run)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(timezone.utc)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise DeclarationError(f"--as-of={text!r} is not a date and time, such as 2013-06-02T00:00:00+00:00") from None


def or_exit(run: Callable[[], None]) -> None:
    """One message instead of a traceback."""
    logging.getLogger("retrain_plugin").setLevel(logging.CRITICAL)
    # Modules beside DAG files are importable in tasks, and so they have to be here.
    sys.path.append(conf.get("core", "dags_folder"))
    try:
        use_mlflow_connection()
        run()
    except RetrainError as error:
        sys.exit(str(error))
