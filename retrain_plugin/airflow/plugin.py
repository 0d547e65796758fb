"""The Airflow plugin: for now, the listener that preloads."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from retrain_plugin.airflow import preload


class RetrainPlugin(AirflowPlugin):
    """Registered through the provider's entry point."""

    name = "retrain"
    listeners = (preload,)
