"""The use cases, without Airflow: what a notebook, a test or an operator calls."""

from retrain_plugin.workflow.retrain import Retraining, retrain

__all__ = ["Retraining", "retrain"]
