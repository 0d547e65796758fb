"""Operators, sensors and `retraining_dag` for Airflow, loaded on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrain_plugin.airflow.check_data import CheckDataOperator
    from retrain_plugin.airflow.dag import retraining_dag
    from retrain_plugin.airflow.data_fault import DataFaultOperator
    from retrain_plugin.airflow.decide import DecideOperator, HoldOperator
    from retrain_plugin.airflow.hook import MlflowHook
    from retrain_plugin.airflow.notifier import DecisionNotifier
    from retrain_plugin.airflow.previous_run import PreviousRunSensor
    from retrain_plugin.airflow.promote import PromoteOperator
    from retrain_plugin.airflow.retrain import RetrainOperator
    from retrain_plugin.airflow.selftest import SelfTestOperator, selftest_dag
    from retrain_plugin.airflow.sensor import DecaySensor, KSSensor, MaxAgeSensor, PSISensor, TriggerSensor
    from retrain_plugin.airflow.train import TrainOperator
    from retrain_plugin.airflow.update import UpdateOperator
    from retrain_plugin.airflow.validate import ValidateOperator

_HOME = {
    "CheckDataOperator": "retrain_plugin.airflow.check_data",
    "DataFaultOperator": "retrain_plugin.airflow.data_fault",
    "DecaySensor": "retrain_plugin.airflow.sensor",
    "DecideOperator": "retrain_plugin.airflow.decide",
    "DecisionNotifier": "retrain_plugin.airflow.notifier",
    "HoldOperator": "retrain_plugin.airflow.decide",
    "KSSensor": "retrain_plugin.airflow.sensor",
    "MaxAgeSensor": "retrain_plugin.airflow.sensor",
    "MlflowHook": "retrain_plugin.airflow.hook",
    "PSISensor": "retrain_plugin.airflow.sensor",
    "PreviousRunSensor": "retrain_plugin.airflow.previous_run",
    "PromoteOperator": "retrain_plugin.airflow.promote",
    "RetrainOperator": "retrain_plugin.airflow.retrain",
    "SelfTestOperator": "retrain_plugin.airflow.selftest",
    "TrainOperator": "retrain_plugin.airflow.train",
    "TriggerSensor": "retrain_plugin.airflow.sensor",
    "UpdateOperator": "retrain_plugin.airflow.update",
    "ValidateOperator": "retrain_plugin.airflow.validate",
    "retraining_dag": "retrain_plugin.airflow.dag",
    "selftest_dag": "retrain_plugin.airflow.selftest",
}

__all__ = [
    "CheckDataOperator",
    "DataFaultOperator",
    "DecaySensor",
    "DecideOperator",
    "DecisionNotifier",
    "HoldOperator",
    "KSSensor",
    "MaxAgeSensor",
    "MlflowHook",
    "PSISensor",
    "PreviousRunSensor",
    "PromoteOperator",
    "RetrainOperator",
    "SelfTestOperator",
    "TrainOperator",
    "TriggerSensor",
    "UpdateOperator",
    "ValidateOperator",
    "retraining_dag",
    "selftest_dag",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
