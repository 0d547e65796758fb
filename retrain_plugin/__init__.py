"""Declare a model once, choose when it may change: Airflow decides, retrains, proves and promotes.

The names below are loaded on first use, so that a DAG file pays for what it declares and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrain_plugin.declare.condition import all_of, any_of, at_least
    from retrain_plugin.declare.continual import Continual
    from retrain_plugin.declare.expectations import Expectations
    from retrain_plugin.declare.gate import Gate
    from retrain_plugin.declare.model import Model
    from retrain_plugin.declare.periodic import Periodic
    from retrain_plugin.declare.source import Parquet, Table
    from retrain_plugin.declare.trigger import KS, PSI, DataFault, Decay, MaxAge
    from retrain_plugin.declare.triggered import Triggered
    from retrain_plugin.errors import (
        DataError,
        DeclarationError,
        ModelFileError,
        RegistryError,
        RetrainError,
        SelfTestError,
        TrainingError,
    )

__version__ = "0.1.0"

_HOME = {
    "KS": "retrain_plugin.declare.trigger",
    "PSI": "retrain_plugin.declare.trigger",
    "DataFault": "retrain_plugin.declare.trigger",
    "Decay": "retrain_plugin.declare.trigger",
    "MaxAge": "retrain_plugin.declare.trigger",
    "Continual": "retrain_plugin.declare.continual",
    "Triggered": "retrain_plugin.declare.triggered",
    "all_of": "retrain_plugin.declare.condition",
    "any_of": "retrain_plugin.declare.condition",
    "at_least": "retrain_plugin.declare.condition",
    "Expectations": "retrain_plugin.declare.expectations",
    "Gate": "retrain_plugin.declare.gate",
    "Model": "retrain_plugin.declare.model",
    "Parquet": "retrain_plugin.declare.source",
    "Periodic": "retrain_plugin.declare.periodic",
    "Table": "retrain_plugin.declare.source",
    "DataError": "retrain_plugin.errors",
    "DeclarationError": "retrain_plugin.errors",
    "ModelFileError": "retrain_plugin.errors",
    "RegistryError": "retrain_plugin.errors",
    "RetrainError": "retrain_plugin.errors",
    "SelfTestError": "retrain_plugin.errors",
    "TrainingError": "retrain_plugin.errors",
}

__all__ = [
    "KS",
    "PSI",
    "Continual",
    "DataError",
    "DataFault",
    "Decay",
    "DeclarationError",
    "Expectations",
    "Gate",
    "MaxAge",
    "Model",
    "ModelFileError",
    "Parquet",
    "Periodic",
    "RegistryError",
    "RetrainError",
    "SelfTestError",
    "Table",
    "TrainingError",
    "Triggered",
    "all_of",
    "any_of",
    "at_least",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
