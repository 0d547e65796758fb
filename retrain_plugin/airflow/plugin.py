"""The Airflow plugin: for now, the listener that preloads."""

from __future__ import annotations

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from retrain_plugin.airflow import preload


class RetrainPlugin(AirflowPlugin):
    """Registered by its entry point."""

    name = "retrain"
    listeners: ClassVar[list[object]] = [preload]  # type: ignore[misc]
