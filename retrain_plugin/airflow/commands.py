"""What the commands of ``airflow retrain`` do."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from airflow.cli.simple_table import AirflowConsole
from airflow.configuration import conf
from airflow.utils.cli import suppress_logs_and_warning

from retrain_plugin.airflow.connections import connection_address, use_mlflow_connection
from retrain_plugin.errors import DeclarationError, RetrainError

if TYPE_CHECKING:
    from retrain_plugin.workflow.selftest import Drill

# What commands say goes to people, not to a log.
say: Callable[[str], object] = print


def tell(args: Namespace, sentence: str, **values: object) -> None:
    """A sentence to people, or what it says as data where ``--output`` asks for that."""
    if args.output in ("table", "plain"):
        say(sentence)
    else:
        AirflowConsole().print_as([{**values, "said": sentence}], output=args.output)


def selftest(args: Namespace) -> None:
    """Drill the triggers that the last check of a model was made by."""
    from retrain_plugin.registry.checks import declared
    from retrain_plugin.workflow.selftest import selftest as drill

    def run() -> None:
        as_of = moment(args.as_of) or datetime.now(timezone.utc)
        model, strategy, dag_id = declared(args.model, args.dag_id)
        found = drill(
            model,
            strategy,
            as_of=as_of,
            dag_id=f"{dag_id}_selftest",
            dag_run_id=f"cli__{datetime.now(timezone.utc).isoformat()}",
            connections=connection_address,
        )
        if args.output in ("table", "plain"):
            for one in found.drills:
                say(f"{'ok    ' if one.passed else 'FAILED'} {one}")
        else:
            AirflowConsole().print_as([_drill(one) for one in found.drills], output=args.output)
        found.require_passed()

    or_exit(args, run)


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
            by=who(args),
            reason=args.reason,
        )
        shown = ", ".join(f"{feature} ({rule})" for feature, rule in made.breaches)
        told = (
            f"Accepted for {args.model} as of {made.as_of.isoformat()}, by {made.by}: {shown}\n"
            f"Clear the DAG run {held.tags['dag_run_id']!r} of {held.tags['dag_id']!r} to decide it anew."
        )
        tell(args, told, model=args.model, as_of=made.as_of, by=made.by, dag_run_id=held.tags["dag_run_id"])

    or_exit(args, run)


def _drill(one: Drill) -> dict[str, object]:
    return {
        "trigger": one.trigger,
        "situation": one.situation,
        "expected": one.expected,
        "said": one.verdict.state,
        "passed": one.passed,
        "reason": one.verdict.reason,
    }


def moment(text: str | None) -> datetime | None:
    """The moment that ``--as-of`` names.

    Raises:
        DeclarationError: it is not a date and time.
    """
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise DeclarationError(f"--as-of={text!r} is not a date and time, such as 2013-06-02T00:00:00+00:00") from None


def who(args: Namespace) -> str:
    """Who says so: whoever ``--by`` names, else the user of this shell."""
    return str(args.by or getpass.getuser())


@suppress_logs_and_warning
def or_exit(args: Namespace, run: Callable[[], None]) -> None:
    """One message instead of a traceback, and nothing but the answer on standard output, unless ``--verbose`` asks."""
    # Modules beside DAG files are importable in tasks, and so they have to be here.
    sys.path.append(conf.get("core", "dags_folder"))
    try:
        use_mlflow_connection()
        run()
    except RetrainError as error:
        sys.exit(str(error))
