"""What retraining tasks import, imported: once in a process, for all that are forked from it."""

from __future__ import annotations

import logging
from importlib import import_module

log = logging.getLogger(__name__)

try:
    for module in ("retrain_plugin.airflow.dag", "retrain_plugin.workflow", "sklearn.ensemble", "mlflow.sklearn"):
        import_module(module)
    # Whatever stores a model has MLflow look through all installed packages first, once a process.
    import_module("mlflow.utils.requirements_utils").warn_dependency_requirement_mismatches(["mlflow"])
    log.info("Preloaded the imports of retraining tasks")
except Exception:
    # A convenience must not keep a scheduler or a worker from starting.
    log.warning("Preloading failed: tasks import for themselves", exc_info=True)
