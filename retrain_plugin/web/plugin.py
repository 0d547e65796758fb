"""The Airflow plugin: the Retraining page, and the listener that preloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from retrain_plugin.airflow import preload

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class LazyApp:
    """The page's application, imported at its first request: plugins are loaded in every process of Airflow."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request over."""
        from retrain_plugin.web.app import app

        await app(scope, receive, send)


class RetrainPlugin(AirflowPlugin):
    """Registered by its entry point."""

    name = "retrain"
    listeners: ClassVar[list[object]] = [preload]  # type: ignore[misc]
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [  # type: ignore[misc]
        {"app": LazyApp(), "url_prefix": "/retrain", "name": "Retraining"}
    ]
    external_views: ClassVar[list[dict[str, Any]]] = [  # type: ignore[misc]
        {
            "name": "Retraining",
            "href": "/retrain/",
            "url_route": "retraining",
            "destination": "nav",
            "icon": "/retrain/page/icon.svg",
            "icon_dark_mode": "/retrain/page/icondark.svg",
        },
        {
            "name": "Retraining",
            "href": "/retrain/?dag={DAG_ID}",
            "url_route": "retraining-of-dag",
            "destination": "dag",
            "icon": "/retrain/page/icon.svg",
            "icon_dark_mode": "/retrain/page/icondark.svg",
        },
    ]
