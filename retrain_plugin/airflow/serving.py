"""What the commands about who serves do: status, history, rollback, promote, pause, resume."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.cli.simple_table import AirflowConsole

from retrain_plugin.airflow.announce import announce
from retrain_plugin.airflow.commands import or_exit, tell, who

if TYPE_CHECKING:
    from retrain_plugin.registry.version import Version


def status(args: Namespace) -> None:
    """Who serves, since when, and what was decided last."""
    from retrain_plugin.errors import RegistryError
    from retrain_plugin.registry.record import all_versions

    def run() -> None:
        known = all_versions()
        if args.model and args.model not in known:
            raise RegistryError(f"model {args.model!r} has no versions; known are: {', '.join(known) or 'none'}")
        names = [args.model] if args.model else known
        AirflowConsole().print_as([_status(name, known[name]) for name in names], output=args.output)

    or_exit(args, run)


def history(args: Namespace) -> None:
    """Every version of a model, oldest first."""
    from retrain_plugin.errors import RegistryError
    from retrain_plugin.registry.version import versions

    def run() -> None:
        found = versions(args.model)
        if not found:
            raise RegistryError(f"model {args.model!r} has no versions: has its DAG run once?")
        AirflowConsole().print_as([_version(one) for one in found[-args.limit :]], output=args.output)

    or_exit(args, run)


def rollback(args: Namespace) -> None:
    """Let a former champion serve again."""
    from retrain_plugin.registry.intervene import rollback as roll

    def run() -> None:
        target = roll(args.model, to=args.to, by=who(args), reason=args.reason)
        announce(target, args.reason)
        told = f"v{target.number} of {args.model} serves again; what served after it is retired as of now"
        tell(args, told, model=args.model, version=target.number)

    or_exit(args, run)


def promote(args: Namespace) -> None:
    """Let any version serve."""
    from retrain_plugin.registry.intervene import promote_by_hand

    def run() -> None:
        made = promote_by_hand(args.model, args.version, by=who(args), reason=args.reason)
        announce(made, args.reason)
        copied = f", a copy of v{args.version}, which served before," if made.number != args.version else ""
        tell(args, f"v{made.number} of {args.model}{copied} serves now", model=args.model, version=made.number)

    or_exit(args, run)


def pause(args: Namespace) -> None:
    """Freeze promotion."""
    from retrain_plugin.registry.intervene import pause as freeze

    def run() -> None:
        made = freeze(args.model, by=who(args), reason=args.reason)
        tell(args, f"{args.model}: {made}", model=args.model, **asdict(made))

    or_exit(args, run)


def resume(args: Namespace) -> None:
    """Let promotions happen again."""
    from retrain_plugin.registry.intervene import resume as thaw

    def run() -> None:
        thaw(args.model, by=who(args), reason=args.reason)
        tell(args, f"{args.model}: versions that pass are promoted again, from the next run on", model=args.model)

    or_exit(args, run)


def _status(name: str, made: list[Version]) -> dict[str, Any]:
    from retrain_plugin.workflow.overview import overview

    found = overview(name, made)
    last, promoted, now = found.last, found.promoted_score, found.score_now
    return {
        "model": name,
        "champion": f"v{found.champion}" if found.champion else "none",
        "age": _days(found.age_seconds),
        "data_age": _days(found.data_age_seconds),
        "metric": found.metric,
        "promoted": f"{promoted.value:.4f}" if promoted else "",
        "now": f"{now.value:.4f}" if now else "",
        "decided": f"{last.as_of:%Y-%m-%d %H:%M}" if last else "",
        "outcome": last.outcome if last else "",
        "reason": last.reason[:200] if last else "",
        "health": "; ".join(found.health)[:400],
        "paused": found.paused,
    }


def _days(seconds: float | None) -> str:
    return "" if seconds is None else str(timedelta(seconds=int(seconds)))


def _version(one: Version) -> dict[str, Any]:
    from retrain_plugin.workflow.overview import version_line

    line, told = version_line(one, None), one.tags
    return {
        "version": line.number,
        "as_of": line.as_of[:16],
        "dag_id": told.get("dag_id", ""),
        "step": line.step,
        "outcome": line.outcome,
        "served_from": f"{line.served_from:%Y-%m-%d %H:%M}" if line.served_from else "",
        "retired": f"{line.retired:%Y-%m-%d %H:%M}" if line.retired else "",
        "by": line.by,
        "why": line.reason[:200],
        "rows": told.get("rows", ""),
        "fit_seconds": told.get("cost_seconds", ""),
    }
