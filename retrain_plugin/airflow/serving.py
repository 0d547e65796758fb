"""What the commands about who serves do: status, history, rollback, promote, pause, resume."""

from __future__ import annotations

import getpass
from argparse import Namespace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.cli.simple_table import AirflowConsole

from retrain_plugin.airflow.commands import or_exit, say

if TYPE_CHECKING:
    from retrain_plugin.registry.version import Version


def status(args: Namespace) -> None:
    """Who serves, since when, and what was decided last."""
    from retrain_plugin.errors import RegistryError
    from retrain_plugin.registry.version import models

    def run() -> None:
        known = models()
        if args.model and args.model not in known:
            raise RegistryError(f"model {args.model!r} has no versions; known are: {', '.join(known) or 'none'}")
        names = [args.model] if args.model else known
        AirflowConsole().print_as([_status(name) for name in names], output=args.output)

    or_exit(run)


def history(args: Namespace) -> None:
    """Every version of a model, oldest first."""
    from retrain_plugin.errors import RegistryError
    from retrain_plugin.registry.version import versions

    def run() -> None:
        found = versions(args.model)
        if not found:
            raise RegistryError(f"model {args.model!r} has no versions: has its DAG run once?")
        AirflowConsole().print_as([_version(one) for one in found[-args.limit :]], output=args.output)

    or_exit(run)


def rollback(args: Namespace) -> None:
    """Let a former champion serve again."""
    from retrain_plugin.registry.intervene import rollback as roll

    def run() -> None:
        target = roll(args.model, to=args.to, by=_who(args), reason=args.reason)
        _announce(target, args.reason)
        say(f"v{target.number} of {args.model} serves again; what served after it is retired as of now")

    or_exit(run)


def promote(args: Namespace) -> None:
    """Let any version serve."""
    from retrain_plugin.registry.intervene import promote_by_hand

    def run() -> None:
        made = promote_by_hand(args.model, args.version, by=_who(args), reason=args.reason)
        _announce(made, args.reason)
        copied = f", a copy of v{args.version}, which served before," if made.number != args.version else ""
        say(f"v{made.number} of {args.model}{copied} serves now")

    or_exit(run)


def pause(args: Namespace) -> None:
    """Freeze promotion."""
    from retrain_plugin.registry.intervene import pause as freeze

    def run() -> None:
        say(f"{args.model}: {freeze(args.model, by=_who(args), reason=args.reason)}")

    or_exit(run)


def resume(args: Namespace) -> None:
    """Let promotions happen again."""
    from retrain_plugin.registry.intervene import resume as thaw

    def run() -> None:
        thaw(args.model)
        say(f"{args.model}: versions that pass are promoted again, from the next run on")

    or_exit(run)


def _status(name: str) -> dict[str, Any]:
    from retrain_plugin.registry.attempt import runs
    from retrain_plugin.registry.intervene import paused
    from retrain_plugin.registry.version import champion, own_tags

    serving, frozen = champion(name), paused(name)
    # The one before it may be at work, and has decided nothing yet.
    recent = [own_tags(run.data.tags) for run in runs(name, most=20)]
    decided = next((tags for tags in recent if "outcome" in tags or "failed" in tags), {})
    age = datetime.now(timezone.utc) - serving.promoted_as_of if serving and serving.promoted_as_of else None
    through = serving.trained_through if serving else None
    return {
        "model": name,
        "champion": f"v{serving.number}" if serving else "none",
        "age": str(age).split(".")[0] if age is not None else "",
        "trained_through": f"{through:%Y-%m-%d %H:%M}" if through else "",
        "decided": decided.get("as_of", "")[:16],
        "outcome": "failed" if "failed" in decided else decided.get("outcome", ""),
        "reason": (decided.get("failed") or decided.get("reason", ""))[:200],
        "paused": str(frozen) if frozen else "",
    }


def _version(one: Version) -> dict[str, Any]:
    told = one.tags
    return {
        "version": one.number,
        "as_of": told.get("as_of", "")[:16],
        "dag_id": told.get("dag_id", ""),
        "step": told.get("step") or told.get("strategy", ""),
        "outcome": told.get("outcome", ""),
        "served_from": f"{one.promoted_as_of:%Y-%m-%d %H:%M}" if one.promoted_as_of else "",
        "retired": f"{one.retired_as_of:%Y-%m-%d %H:%M}" if one.retired_as_of else "",
        "by": told.get("retired_by") or told.get("promoted_by", ""),
        "why": (told.get("retired_because") or told.get("promoted_because") or told.get("reason", ""))[:200],
        "rows": told.get("rows", ""),
        "fit_seconds": told.get("cost_seconds", ""),
    }


def _who(args: Namespace) -> str:
    return args.by or getpass.getuser()


def _announce(serving: Version, reason: str) -> None:
    """Tell whoever is scheduled on the model that another version serves."""
    from airflow.assets.manager import asset_manager
    from airflow.models.asset import AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        known = session.scalar(select(AssetModel).where(AssetModel.uri == f"x-model://{serving.model}"))
        if known is not None:
            about = {"version": serving.number, "as_of": datetime.now(timezone.utc).isoformat(), "reason": reason}
            asset_manager.register_asset_change(asset=known, extra=about, session=session)
