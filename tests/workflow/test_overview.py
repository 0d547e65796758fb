"""How a model stands and what happened to it, read from the record alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from retrain_plugin import Continual
from retrain_plugin.registry.record import decisions
from retrain_plugin.registry.version import versions
from retrain_plugin.workflow import retrain, update
from retrain_plugin.workflow.overview import overview, step
from tests.conftest import AS_OF, weeks

pytestmark = pytest.mark.usefixtures("mlflow_here")


def ordered(score) -> bool:
    value, low, high = score
    return low <= value <= high and low < high


def test_scores_come_with_their_intervals_champion_and_challenger_alike(model, strategy):
    for as_of in weeks(2):
        retrain(model, strategy, as_of=as_of)
    second, first = (step(one) for one in decisions("events")[0])
    assert set(first.scores) == {"challenger"}
    assert set(second.scores) == {"champion", "challenger"}
    assert all(ordered(score) for one in (first, second) for score in one.scores.values())
    stands = overview("events", versions("events"))
    assert ordered((stands.promoted_score.value, stands.promoted_score.low, stands.promoted_score.high))


def test_what_the_champion_scored_at_the_newest_gate_is_its_score_now(model, strategy):
    strict = replace(strategy, gate=replace(strategy.gate, floors={"roc_auc": 0.9999}))
    retrain(model, strategy, as_of=AS_OF)
    refused = retrain(model, strict, as_of=AS_OF + timedelta(weeks=1))
    assert not refused.promoted
    now = overview("events", versions("events")).score_now
    assert now.value == refused.gate["comparison"]["champion"]["value"]
    assert ordered((now.value, now.low, now.high))


def test_an_update_scores_on_the_newest_rows_and_on_the_memory_set(model, strategy):
    online = replace(model, estimator="tests.estimators:online")
    learning = Continual(
        schedule="@daily", replay=0.5, memory=0.2, forgetting=0.5, train="30D", holdout="7D",
        gate=replace(strategy.gate, tolerance=1),
    )  # fmt: skip
    for day in (0, 7):
        update(online, learning, as_of=AS_OF + timedelta(days=day))
    newest = step(decisions("events")[0][0])
    assert set(newest.scores) == {"fresh", "memory"}
    assert all(map(ordered, newest.scores.values()))
