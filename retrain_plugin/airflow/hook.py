"""Airflow's connection type for MLflow."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook


class MlflowHook(BaseHook):
    """The MLflow that a connection names; the page of connections in Airflow's UI tests it by this hook.

    Parameters:
        mlflow_conn_id: the connection's id.
    """

    conn_name_attr = "mlflow_conn_id"
    default_conn_name = "mlflow_default"
    conn_type = "mlflow"
    hook_name = "MLflow"

    def __init__(self, mlflow_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mlflow_conn_id = mlflow_conn_id

    def get_conn(self) -> str:
        """The server's address, without credentials."""
        from retrain_plugin.airflow.connections import mlflow_address

        return mlflow_address(self.get_connection(self.mlflow_conn_id))

    def test_connection(self) -> tuple[bool, str]:
        """Whether the server answers, with the login it asks for."""
        import requests

        from retrain_plugin.airflow.connections import mlflow_address

        connection = self.get_connection(self.mlflow_conn_id)
        address = mlflow_address(connection)
        login = (connection.login, connection.password or "") if connection.login else None
        asked = f"{address}/api/2.0/mlflow/experiments/search"
        try:
            answer = requests.post(asked, json={"max_results": 1}, auth=login, timeout=5)
        except requests.RequestException as error:
            return False, f"{address} does not answer ({type(error).__name__})"
        if answer.status_code in (401, 403):
            return False, f"{address} refuses this login ({answer.status_code})"
        if not answer.ok:
            return False, f"what answers at {address} is not MLflow's ({answer.status_code})"
        return True, f"MLflow answers at {address}"
