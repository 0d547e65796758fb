"""Operators, sensors and `retraining_dag` for Airflow, loaded on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrain_plugin.airflow.check_data import CheckDataOperator
    from retrain_plugin.airflow.dag import retraining_dag
    from retrain_plugin.airflow.previous_run import PreviousRunSensor
    from retrain_plugin.airflow.promote import PromoteOperator
    from retrain_plugin.airflow.retrain import RetrainOperator
    from retrain_plugin.airflow.train import TrainOperator
    from retrain_plugin.airflow.validate import ValidateOperator

_HOME = {
    "CheckDataOperator": "retrain_plugin.airflow.check_data",
    "PreviousRunSensor": "retrain_plugin.airflow.previous_run",
    "PromoteOperator": "retrain_plugin.airflow.promote",
    "RetrainOperator": "retrain_plugin.airflow.retrain",
    "TrainOperator": "retrain_plugin.airflow.train",
    "ValidateOperator": "retrain_plugin.airflow.validate",
    "retraining_dag": "retrain_plugin.airflow.dag",
}

__all__ = [
    "CheckDataOperator",
    "PreviousRunSensor",
    "PromoteOperator",
    "RetrainOperator",
    "TrainOperator",
    "ValidateOperator",
    "retraining_dag",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
