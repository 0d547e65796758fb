from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from retrain_plugin import TrainingError
from retrain_plugin.data.rows import load
from retrain_plugin.declare.window import Window
from retrain_plugin.training.predict import predict
from retrain_plugin.training.warm import Family, family, learn, learner, together, unknown_classes
from tests.conftest import AS_OF, START
from tests.estimators import encoded

PAST = Window(START, AS_OF)
MIDDLE = START + (AS_OF - START) / 2

FAMILIES = {
    "sgd": (SGDClassifier(loss="log_loss", random_state=0), Family("partial_fit")),
    "mlp": (MLPClassifier((8,), max_iter=5, random_state=0), Family("partial_fit")),
    "mlp that stops early": (MLPClassifier((8,), max_iter=5, early_stopping=True), Family("partial_fit")),
    "naive bayes": (GaussianNB(), Family("partial_fit")),
    "logistic": (LogisticRegression(), Family("restart")),
    "boosted": (HistGradientBoostingClassifier(max_iter=5), Family("grow", "max_iter")),
    "boosted, exact": (GradientBoostingClassifier(n_estimators=5), Family("grow", "n_estimators")),
    "forest": (RandomForestClassifier(5, random_state=0), Family("grow", "n_estimators")),
    "extra trees": (ExtraTreesClassifier(5, random_state=0), Family("grow", "n_estimators")),
    "bagging": (BaggingClassifier(n_estimators=5, random_state=0), Family("grow", "n_estimators")),
}


@pytest.fixture
def halves(model):
    undelayed = replace(model, source=replace(model.source, label_delay="0D"))
    return load(undelayed, PAST, AS_OF).split(Window(START, MIDDLE), Window(MIDDLE, AS_OF))


@pytest.fixture(params=FAMILIES)
def fitted(request, halves):
    estimator, expected = FAMILIES[request.param]
    return encoded(deepcopy(estimator)).fit(halves[0].frame, halves[0].target), expected


def scores(model, estimator, rows):
    return predict(model, estimator, rows.frame, who="it").scores


def test_every_family_learns_on(model, halves, fitted):
    estimator, expected = fitted
    assert family(model, estimator) == expected
    before = scores(model, estimator, halves[1])
    learnt, cost = learn(model, deepcopy(estimator), halves[1], grow=3)
    assert not np.array_equal(scores(model, learnt, halves[1]), before)
    assert cost.rows == len(halves[1])
    if expected.mechanism == "grow":
        last, was = learner(learnt), learner(estimator)
        size = "n_iter_" if hasattr(last, "n_iter_") else "n_estimators"
        assert getattr(last, size) == getattr(was, size) + 3


def test_no_rows_change_nothing(model, halves, fitted):
    estimator, _ = fitted
    nothing = halves[1].where(np.zeros(len(halves[1]), dtype=bool))
    learnt, cost = learn(model, deepcopy(estimator), nothing, grow=3)
    assert np.array_equal(scores(model, learnt, halves[1]), scores(model, estimator, halves[1]))
    assert cost.rows == 0


def test_the_weights_really_are_the_start(model, halves):
    estimator = encoded(SGDClassifier(loss="log_loss", learning_rate="constant", eta0=1e-9, random_state=0))
    estimator.fit(halves[0].frame, halves[0].target)
    learner(estimator).coef_[:] = 7.0
    learnt, _ = learn(model, deepcopy(estimator), halves[1], grow=1)
    assert learner(learnt).coef_ == pytest.approx(7.0, abs=1e-3)


def test_the_transformers_of_a_pipeline_stay_as_they_were_fitted(model, halves):
    estimator = make_pipeline(encoded(StandardScaler())[0], StandardScaler(), SGDClassifier(loss="log_loss"))
    estimator.fit(halves[0].frame, halves[0].target)
    moved = halves[1].frame.assign(x=halves[1].frame["x"] * 100)
    far = halves[1].where(np.ones(len(halves[1]), dtype=bool))
    object.__setattr__(far, "frame", moved)
    before = estimator[1].mean_.copy()
    learnt, _ = learn(model, estimator, far, grow=1)
    assert np.array_equal(learnt[1].mean_, before)


@pytest.mark.parametrize("estimator", [SVC(), KNeighborsClassifier(), "not one"])
def test_what_cannot_learn_on_is_refused_with_what_can(model, estimator):
    given = estimator if isinstance(estimator, BaseEstimator) else encoded(SVC())
    with pytest.raises(TrainingError, match=r"cannot learn on from its weights.*MLPClassifier"):
        family(model, given)


def test_an_ensemble_that_would_miss_a_class_says_so_and_stays_as_it_was(model, halves):
    forest = encoded(RandomForestClassifier(5, random_state=0)).fit(halves[0].frame, halves[0].target)
    one_class = halves[1].where(halves[1].target == 1)
    before = scores(model, forest, halves[1])
    with pytest.raises(TrainingError, match="no class 0: replay more"):
        learn(model, forest, one_class, grow=3)
    assert np.array_equal(scores(model, forest, halves[1]), before)


def test_a_batch_is_in_the_order_of_time_with_every_category(halves):
    some = halves[1].where((halves[1].frame["kind"] == "red").to_numpy())
    batch = together(some, halves[0])
    assert len(batch) == len(some) + len(halves[0])
    assert (np.diff(batch.event_time) >= np.timedelta64(0)).all()
    assert list(batch.frame["kind"].cat.categories) == ["blue", "green", "red"]
    assert batch.frame["x"].sum() == pytest.approx(some.frame["x"].sum() + halves[0].frame["x"].sum())


def test_a_class_never_seen_is_named(halves):
    estimator = encoded(GaussianNB()).fit(halves[0].frame, halves[0].target)
    assert unknown_classes(estimator, np.array([0, 1, 1, 0])) == []
    assert unknown_classes(estimator, np.array([0, 1, 2, 5])) == [2, 5]
