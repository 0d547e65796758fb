"""Telling whoever is scheduled on a model that another version serves."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrain_plugin.registry.version import Version


def announce(serving: Version, reason: str) -> None:
    """Send an event of the model's asset, where some DAG knows it."""
    from airflow.assets.manager import asset_manager
    from airflow.models.asset import AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        known = session.scalar(select(AssetModel).where(AssetModel.uri == f"x-model://{serving.model}"))
        if known is not None:
            about = {"version": serving.number, "as_of": datetime.now(timezone.utc).isoformat(), "reason": reason}
            asset_manager.register_asset_change(asset=known, extra=about, session=session)
