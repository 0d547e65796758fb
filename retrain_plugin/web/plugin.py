"""The Airflow plugin: the Retraining page, and the listener that preloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.configuration import conf

from retrain_plugin.airflow import preload

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class LazyApp:
    """The page's application, imported at its first request: plugins are loaded in every process of Airflow."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request over."""
        from retrain_plugin.web.app import app

        await app(scope, receive, send)


# Airflow may be served below a path of its own, which its pages do not add to a plugin's addresses.
_BASE = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + "/retrain"
_ICONS = {"icon": f"{_BASE}/page/icon.svg", "icon_dark_mode": f"{_BASE}/page/icondark.svg"}


class RetrainPlugin(AirflowPlugin):
    """Registered by its entry point."""

    name = "retrain"
    listeners: ClassVar[list[object]] = [preload]  # type: ignore[misc]
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [  # type: ignore[misc]
        {"app": LazyApp(), "url_prefix": "/retrain", "name": "Retraining"}
    ]
    # Two views of one route would hide one another.
    external_views: ClassVar[list[dict[str, Any]]] = [  # type: ignore[misc]
        {"name": "Retraining", "href": f"{_BASE}/", "url_route": "retraining", "destination": "nav", **_ICONS},
        {
            "name": "Retraining",
            "href": f"{_BASE}/?dag={{DAG_ID}}",
            "url_route": "retraining-of-dag",
            "destination": "dag",
            **_ICONS,
        },
    ]
