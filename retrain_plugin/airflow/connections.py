"""Airflow's connections for the source and for MLflow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from airflow.models.connection import Connection as StoredConnection
    from airflow.sdk import Connection


def connection_address(name: str) -> str:
    """A connection's address with its credentials, which Airflow masks in logs once it is looked up."""
    return str(_connection(name).get_uri())


def _connection(name: str) -> Connection | StoredConnection:
    """A connection from wherever Airflow keeps it: for a task through its API, else from its database."""
    from airflow.sdk.execution_time import task_runner

    if hasattr(task_runner, "SUPERVISOR_COMMS"):
        return BaseHook.get_connection(name)
    from airflow.models.connection import Connection as StoredConnection

    return StoredConnection.get_connection_from_secrets(name)


def use_mlflow_connection() -> None:
    """Point MLflow at the connection that ``[retrain] mlflow_conn_id`` names, where one is named."""
    name = conf.get("retrain", "mlflow_conn_id", fallback="")
    if not name:
        return
    import mlflow

    connection = _connection(name)
    mlflow.set_tracking_uri(mlflow_address(connection))
    if connection.login:
        os.environ["MLFLOW_TRACKING_USERNAME"] = connection.login
        os.environ["MLFLOW_TRACKING_PASSWORD"] = connection.password or ""


def mlflow_address(connection: Connection | StoredConnection) -> str:
    """The address of the MLflow server that a connection names, without credentials."""
    scheme = connection.schema if connection.schema in ("http", "https") else "http"
    host = (connection.host or "").rstrip("/")
    address = host if "://" in host else f"{scheme}://{host}"
    return f"{address}:{connection.port}" if connection.port else address
