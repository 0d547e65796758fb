"""What Airflow is told about this package by its entry point."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Provider metadata: configuration, links and operators."""
    return {
        "package-name": "airflow-retrain-plugin",
        "name": "Retrain",
        "description": "Decides when models retrain, retrains, proves and promotes them, on record in MLflow.",
        "operators": [
            {
                "integration-name": "Retrain",
                "python-modules": [
                    "retrain_plugin.airflow.check_data",
                    "retrain_plugin.airflow.train",
                    "retrain_plugin.airflow.validate",
                    "retrain_plugin.airflow.promote",
                    "retrain_plugin.airflow.retrain",
                    "retrain_plugin.airflow.data_fault",
                    "retrain_plugin.airflow.decide",
                    "retrain_plugin.airflow.selftest",
                    "retrain_plugin.airflow.update",
                ],
            }
        ],
        "sensors": [
            {
                "integration-name": "Retrain",
                "python-modules": ["retrain_plugin.airflow.previous_run", "retrain_plugin.airflow.sensor"],
            }
        ],
        "cli": ["retrain_plugin.airflow.cli.get_commands"],
        "extra-links": [
            "retrain_plugin.airflow.links.MlflowRunLink",
            "retrain_plugin.airflow.links.MlflowVersionLink",
            "retrain_plugin.airflow.links.ReportLink",
        ],
        "hooks": [{"integration-name": "Retrain", "python-modules": ["retrain_plugin.airflow.hook"]}],
        "notifications": ["retrain_plugin.airflow.notifier.DecisionNotifier"],
        "connection-types": [
            {
                "connection-type": "mlflow",
                "hook-class-name": "retrain_plugin.airflow.hook.MlflowHook",
                "hook-name": "MLflow",
                "ui-field-behaviour": {
                    "hidden-fields": ["extra"],
                    "relabeling": {"schema": "Scheme (http or https)"},
                    "placeholders": {"host": "mlflow.example.org", "port": "5000", "schema": "https"},
                },
            }
        ],
        "config": {
            "retrain": {
                "description": "The retraining plugin.",
                "options": {
                    "mlflow_conn_id": {
                        "description": "Airflow connection of the MLflow server (host, port, and login with "
                        "password where it asks for them). Without one, MLFLOW_TRACKING_URI holds.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "mlflow_default",
                        "default": "",
                    },
                    "preload": {
                        "description": "Import MLflow, scikit-learn, pandas and ibis once in the scheduler, so that "
                        "LocalExecutor's forked tasks need not. Costs the scheduler some memory. Celery workers do so "
                        "by [celery] celery_config_options = retrain_plugin.airflow.celery_config.PRELOADING.",
                        "version_added": "0.1.0",
                        "type": "boolean",
                        "example": "True",
                        "default": "False",
                    },
                    "training_queue": {
                        "description": "Queue of the tasks that load and fit a training window, for workers of their "
                        "own. Without one they go where all tasks go.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "training",
                        "default": "",
                    },
                },
            }
        },
    }
