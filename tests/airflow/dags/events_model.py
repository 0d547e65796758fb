"""The estimators of the end-to-end DAGs."""

import os
import time
from pathlib import Path

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier


def build():
    return HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype")


class StallsOnce(LogisticRegression):
    """Never ends its first fit, and says in a file which process to kill."""

    def fit(self, X, y, sample_weight=None):  # noqa: N803
        note = Path("stalled")
        if not note.exists():
            note.write_text(str(os.getpid()))
            time.sleep(600)
        return super().fit(X, y, sample_weight)


def build_stalling():
    return StallsOnce()


def build_online():
    return SGDClassifier(loss="log_loss")


class StallsOnLearning(SGDClassifier):
    """Never ends the first of its updates, and says in a file which process to kill."""

    def partial_fit(self, X, y, classes=None, sample_weight=None):  # noqa: N803
        note = Path("stalled_update")
        if not note.exists():
            note.write_text(str(os.getpid()))
            time.sleep(600)
        return super().partial_fit(X, y, classes, sample_weight)


def build_stalling_update():
    return StallsOnLearning(loss="log_loss")
