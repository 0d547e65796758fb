"""Heavy imports once in the scheduler instead of once in every task that LocalExecutor forks from it."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Any

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:
    """Import what tasks need, where ``[retrain] preload`` asks for it and the component is the scheduler."""
    from airflow.configuration import conf

    # The component does not know its own kind yet when this is called; the command line does.
    if "scheduler" not in sys.argv[1:2] or not conf.getboolean("retrain", "preload", fallback=False):
        return
    try:
        for module in ("retrain_plugin.workflow", "sklearn.ensemble", "mlflow.sklearn"):
            import_module(module)
        # Whatever stores a model has MLflow look through all installed packages first, once a process.
        import_module("mlflow.utils.requirements_utils").warn_dependency_requirement_mismatches(["mlflow"])
        log.info("Preloaded the imports of retraining tasks")
    except Exception:
        # A convenience must not keep the scheduler from starting.
        log.warning("Preloading failed: tasks import for themselves", exc_info=True)
