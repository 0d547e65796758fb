"""The use cases, without Airflow: what a notebook, a test or an operator calls."""

from retrain_plugin.decide.decision import Decision
from retrain_plugin.workflow.check import check
from retrain_plugin.workflow.retrain import Retraining, retrain
from retrain_plugin.workflow.selftest import SelfTest, selftest
from retrain_plugin.workflow.update import update

__all__ = ["Decision", "Retraining", "SelfTest", "check", "retrain", "selftest", "update"]
