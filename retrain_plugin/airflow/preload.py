"""Heavy imports once in the scheduler instead of once in every task that LocalExecutor forks from it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from airflow.listeners import hookimpl


@hookimpl
def on_starting(component: Any) -> None:
    """Import what tasks need, where ``[retrain] preload`` asks for it and the component is the scheduler."""
    from airflow.configuration import conf

    # The component does not know its own kind yet when this is called; the command line does.
    if "scheduler" in sys.argv[1:2] and conf.getboolean("retrain", "preload", fallback=False):
        import_module("retrain_plugin.airflow.preloaded")
