"""By which tags our DAGs are found in Airflow."""

from __future__ import annotations

from retrain_plugin.declare.model import Model

MODEL_TAG = "model:"


def tags_of(model: Model, kind: str) -> set[str]:
    """That the DAG is ours, what kind it is, and whose."""
    return {"retrain", kind, f"{MODEL_TAG}{model.name}"}
