"""Buttons on a task that lead to its record in MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


@attrs.define()
class MlflowRunLink(BaseOperatorLink):
    """To the MLflow run of the task's DAG run."""

    name = "MLflow run"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address the task left, or nothing."""
        return XCom.get_value(ti_key=ti_key, key="mlflow_run_url") or ""


@attrs.define()
class MlflowVersionLink(BaseOperatorLink):
    """To the registered version that came of the task's DAG run."""

    name = "MLflow version"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address the task left, or nothing."""
        return XCom.get_value(ti_key=ti_key, key="mlflow_version_url") or ""


@attrs.define()
class ReportLink(BaseOperatorLink):
    """To the report of what the task's DAG run decided, in MLflow's artifact viewer."""

    name = "Report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address the task left, or nothing."""
        return XCom.get_value(ti_key=ti_key, key="report_url") or ""
