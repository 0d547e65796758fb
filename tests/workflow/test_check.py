from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from retrain_plugin import KS, PSI, Decay, Gate, Parquet, RegistryError, SelfTestError, Triggered, any_of
from retrain_plugin.decide.verdict import Verdict
from retrain_plugin.registry.accept import accept, acceptances
from retrain_plugin.registry.attempt import artifact, runs
from retrain_plugin.registry.checks import declared, last_held
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.version import champion, versions
from retrain_plugin.workflow import check, retrain, selftest
from retrain_plugin.workflow import selftest as selftest_module
from retrain_plugin.workflow.ask import ask
from retrain_plugin.workflow.decide import decide_on
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.look import look
from tests.conftest import AS_OF, events, write

pytestmark = pytest.mark.usefixtures("mlflow_here")
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)


@pytest.fixture
def watched() -> Triggered:
    return Triggered(
        schedule="@daily",
        window="7D",
        when=any_of(PSI(), KS(), Decay("roc_auc", drop=0.05, min_rows=100)),
        max_age="90D",
        train="30D",
        holdout="7D",
        gate=Gate(resamples=100, min_rows=100),
    )


def states(decision) -> dict[str, str]:
    return {one.trigger: one.state for one in decision.verdicts}


def since(frame: pd.DataFrame, moment) -> pd.Series:
    return frame["at"] >= pd.Timestamp(moment)


def test_the_first_check_asks_for_the_first_model_and_the_next_is_quiet(model, watched):
    first = check(model, watched, as_of=AS_OF)
    assert (first.action, first.reason) == ("retrain", "there is no champion yet")
    assert retrain(model, watched, as_of=AS_OF).promoted
    second = check(model, watched, as_of=AS_OF + WEEK)
    assert second.action == "keep"
    assert set(states(second).values()) == {"quiet"}
    assert all(one.smallest_shift is not None for one in second.verdicts if one.trigger in ("psi", "ks"))


def test_a_check_is_one_run_with_everything_on_record(model, watched):
    retrain(model, watched, as_of=AS_OF)
    decision = check(model, watched, as_of=AS_OF + WEEK)
    [run] = [one for one in runs("events") if one.data.tags.get("retrain.decision") == "keep"]
    assert run.info.status == "FINISHED"
    assert run.data.tags["retrain.reason"] == decision.reason
    assert run.data.tags["retrain.verdict.psi"] == "quiet"
    assert run.data.metrics["psi"] < run.data.metrics["psi.limit"]
    assert {"psi/x", "psi.of_limit/x", "decay_roc_auc.value", "max_age"} <= set(run.data.metrics)
    names = {one.path for one in client().list_artifacts(run.info.run_id)}
    assert {"report.html", "evidence.csv", "decision.json", "window.json", "verdicts", "declaration.json"} <= names
    assert artifact("events", run.info.run_id, "decision.json") == json.loads(json.dumps(decision.to_json()))


def test_checking_again_is_checking_once(model, watched):
    retrain(model, watched, as_of=AS_OF)
    at = AS_OF + WEEK
    first = check(model, watched, as_of=at)
    count = len(runs("events"))
    assert check(model, watched, as_of=at) == first
    ask(Job(model=model, strategy=watched, as_of=at), "psi")
    assert len(runs("events")) == count


def test_checking_again_after_the_retrain_it_asked_for_repeats_nothing(model, watched):
    check(model, watched, as_of=AS_OF)
    done = retrain(model, watched, as_of=AS_OF)
    assert check(model, watched, as_of=AS_OF).action == "retrain"
    assert retrain(model, watched, as_of=AS_OF) == done
    assert len(versions("events")) == len(runs("events")) == 1


def test_drift_is_seen_and_answered(model, watched, folder):
    frame = events()
    moved = since(frame, AS_OF + 7 * DAY)
    write(folder, frame.assign(x=frame["x"].where(~moved, frame["x"] * 0.8 + 1.0)))
    retrain(model, watched, as_of=AS_OF)
    decision = check(model, watched, as_of=AS_OF + 2 * WEEK)
    assert (decision.action, states(decision)["psi"]) == ("retrain", "fired")
    psi = next(one for one in decision.verdicts if one.trigger == "psi")
    assert psi.features[0].feature == "x"
    assert psi.statistic > psi.threshold
    assert "x" in decision.reason


def test_decay_is_seen_once_labels_have_arrived(model, watched, folder):
    frame = events()
    flipped = since(frame, AS_OF + 7 * DAY)
    write(folder, frame.assign(y=frame["y"] ^ flipped))
    retrain(model, watched, as_of=AS_OF)
    assert states(check(model, watched, as_of=AS_OF + WEEK))["decay_roc_auc"] == "quiet"
    later = check(model, watched, as_of=AS_OF + 2 * WEEK)
    assert (later.action, states(later)["decay_roc_auc"]) == ("retrain", "fired")


def test_decay_can_judge_what_the_serving_model_said_at_the_time(model, watched, folder):
    frame = events()
    random = np.random.default_rng(0)
    said = 1 / (1 + np.exp(-frame["value"]))
    write(folder, frame.assign(said=said.where(~since(frame, AS_OF + WEEK), random.random(len(frame)))))
    logged = replace(watched, when=Decay("roc_auc", drop=0.05, min_rows=100, predictions="said"))
    retrain(model, logged, as_of=AS_OF)
    assert states(check(model, logged, as_of=AS_OF + WEEK))["decay_roc_auc"] == "quiet"
    assert states(check(model, logged, as_of=AS_OF + 2 * WEEK))["decay_roc_auc"] == "fired"


def test_a_metric_of_ones_own_judges_and_watches(model, watched, folder):
    own = replace(model, metric="tests.estimators:missed_loss", task="classification")
    asked = replace(watched, when=Decay("tests.estimators:missed_loss", drop=0.2, min_rows=100))
    done = retrain(own, asked, as_of=AS_OF)
    assert done.promoted
    assert done.gate["metric"] == "missed_loss"
    assert states(check(own, asked, as_of=AS_OF + WEEK))["decay_missed_loss"] == "quiet"
    frame = events()
    write(folder, frame.assign(y=frame["y"] ^ since(frame, AS_OF + WEEK)))
    assert states(check(own, asked, as_of=AS_OF + 2 * WEEK))["decay_missed_loss"] == "fired"
    selftest(own, asked, as_of=AS_OF + WEEK).require_passed()


def test_drift_of_the_predictions_is_seen_where_no_feature_alone_moves_much(model, watched, folder):
    retrain(model, watched, as_of=AS_OF)
    asked = replace(watched, when=PSI(predictions=True))
    quiet = check(model, asked, as_of=AS_OF + WEEK)
    assert quiet.verdicts[1].state == "quiet", quiet.verdicts[1].reason
    assert "(prediction)" in {one.feature for one in quiet.verdicts[1].features}
    assert states(quiet)["psi"] == "quiet"
    frame = events()
    write(folder, frame.assign(x=frame["x"] + 1.2 * since(frame, AS_OF + WEEK)))
    fired = check(model, asked, as_of=AS_OF + 2 * WEEK)
    assert "(prediction)" in {one.feature for one in fired.verdicts[1].features if one.changed}


def test_a_past_check_sees_the_past_only(model, watched, folder):
    retrain(model, watched, as_of=AS_OF)
    retrain(model, watched, as_of=AS_OF + 3 * WEEK, force=True)
    frame = events()
    write(folder, frame.assign(x=frame["x"] + 9 * since(frame, AS_OF + WEEK)))
    decision = check(model, watched, as_of=AS_OF + WEEK)
    assert decision.action == "keep"
    run = next(one for one in runs("events") if one.data.tags.get("retrain.decision") == "keep")
    assert run.data.tags["retrain.against"] == "v1"


# What cannot be known is never quiet; the blind rule, and behind it max age, act in the end.


def unlabelled(frame):
    return frame.assign(y=frame["y"].astype("boolean").mask(since(frame, AS_OF - DAY)))


def emptied(frame):
    return frame[~since(frame, AS_OF)]


def column_gone(frame):
    return frame.drop(columns="noise")


@pytest.mark.parametrize(
    ("change", "blind"),
    [
        (unlabelled, {"decay_roc_auc"}),
        (emptied, {"psi", "ks", "data_fault"}),
        (column_gone, {"psi", "ks", "data_fault"}),
    ],
)
def test_what_cannot_be_known_is_never_quiet_and_alarms_in_the_end(model, watched, folder, change, blind):
    retrain(model, watched, as_of=AS_OF)
    for old in folder.glob("*.parquet"):
        old.unlink()
    write(folder, change(events()))
    strategy = replace(watched, blind_after=2)
    decisions = [check(model, strategy, as_of=AS_OF + days * DAY) for days in (8, 9)]
    for one in decisions:
        assert {name for name, state in states(one).items() if state in ("insufficient", "error")} >= blind
    assert [one.action for one in decisions] == ["keep", "retrain"]
    assert "blind for 2 checks in a row" in decisions[1].reason
    alert = replace(strategy, when_blind="alert")
    assert check(model, alert, as_of=AS_OF + 9 * DAY).action == "hold"
    old = replace(strategy, max_age="9D", blind_after=99)
    assert check(model, old, as_of=AS_OF + 11 * DAY).action == "retrain"


def test_mlflow_down_is_no_verdict_at_all_and_the_next_check_starts_clean(model, watched, monkeypatch):
    retrain(model, watched, as_of=AS_OF)
    job = Job(model=model, strategy=watched, as_of=AS_OF + WEEK)
    look(job)
    with monkeypatch.context() as down:
        down.setattr("retrain_plugin.workflow.ask.serving", _unreachable)
        with pytest.raises(RegistryError):
            ask(job, "psi")
    decision = decide_on(job)[1]
    assert states(decision)["psi"] == "error"
    assert next(one for one in decision.verdicts if one.trigger == "psi").blind
    assert set(states(check(model, watched, as_of=AS_OF + WEEK + DAY)).values()) == {"quiet"}
    assert check(model, replace(watched, max_age="9D"), as_of=AS_OF + WEEK + 2 * DAY).action == "retrain"


def _unreachable(*_: object) -> None:
    raise RegistryError("down")


def test_a_trigger_that_breaks_down_is_an_error_and_takes_no_other_with_it(model, watched, monkeypatch):
    retrain(model, watched, as_of=AS_OF)
    monkeypatch.setattr("retrain_plugin.workflow.ask.judge_drift", lambda *_, **__: 1 / 0)
    decision = check(model, watched, as_of=AS_OF + WEEK)
    assert states(decision) == {"data_fault": "quiet", "psi": "error", "ks": "error", "decay_roc_auc": "quiet",
                                "max_age": "quiet"}  # fmt: skip
    assert "division by zero" in decision.verdicts[1].reason


def broken_week(frame):
    bad = since(frame, AS_OF + 7 * DAY) & (frame.index % 2 == 0)
    return frame.assign(x=frame["x"].mask(bad))


def test_broken_data_hold_everything_until_they_are_whole(model, watched, folder):
    retrain(model, watched, as_of=AS_OF)
    write(folder, broken_week(events()))
    old = replace(watched, max_age="8D")
    held = check(model, old, as_of=AS_OF + 2 * WEEK)
    assert held.action == "hold"
    assert states(held)["max_age"] == "fired"
    assert "'x'" in held.reason or "x:" in held.reason
    # As long as nobody can say whether they are whole, they are held.
    lost = replace(model, source=Parquet(f"{folder}/nothing*.parquet", event_time="at", label_delay="1D"))
    still = check(lost, old, as_of=AS_OF + 2 * WEEK + DAY)
    assert still.action == "hold"
    assert "still held" in still.reason
    write(folder, events())
    assert check(model, old, as_of=AS_OF + 2 * WEEK + 2 * DAY).action == "retrain"


def test_a_person_may_accept_what_is_held_and_then_it_is_the_new_normal(model, watched, folder):
    retrain(model, watched, as_of=AS_OF)
    write(folder, broken_week(events()))
    at = AS_OF + 2 * WEEK
    assert check(model, watched, as_of=at).action == "hold"
    held = last_held("events")
    assert held.as_of == at
    accept("events", [("x", "missing")], as_of=held.as_of, by="ada", reason="the sensor was switched off")
    [made] = acceptances("events")
    assert (made.by, made.reason, made.breaches) == ("ada", "the sensor was switched off", (("x", "missing"),))
    assert states(check(model, watched, as_of=at))["data_fault"] == "quiet"
    assert check(model, watched, as_of=at + DAY).action != "hold"
    assert retrain(model, watched, as_of=at, force=True).version == 2
    # What was accepted for then says nothing of the time before.
    assert check(model, watched, as_of=at - DAY).action == "hold"


def test_nothing_held_is_nothing_to_accept(model, watched):
    retrain(model, watched, as_of=AS_OF)
    with pytest.raises(RegistryError, match="nothing to accept"):
        last_held("events")


def test_two_models_and_several_dags_keep_their_records_apart(model, watched):
    other = replace(model, name="other")
    for one in (model, other):
        retrain(one, watched, as_of=AS_OF, dag_id="weekly")
    for one in (model, other):
        for dag_id in ("daily", "hourly"):
            check(one, watched, as_of=AS_OF + WEEK, dag_id=dag_id)
    for name in ("events", "other"):
        found = [(run.data.tags["retrain.dag_id"], run.data.tags["retrain.model"]) for run in runs(name)]
        assert sorted(found) == [("daily", name), ("hourly", name), ("weekly", name)]


def test_the_declaration_is_found_again_in_the_record(model, watched):
    check(model, watched, as_of=AS_OF, dag_id="daily")
    assert declared("events") == (model, watched, "daily")
    with pytest.raises(RegistryError, match="never checked by DAG 'nightly'"):
        declared("events", "nightly")


# The fire drill.


@pytest.fixture
def drilled(model, watched):
    retrain(model, watched, as_of=AS_OF)
    return lambda: selftest(model, watched, as_of=AS_OF + WEEK)


def test_sound_triggers_pass_their_drill(drilled):
    found = drilled()
    found.require_passed()
    assert {one.trigger for one in found.drills} == {
        "data_fault", "psi", "ks", "decay_roc_auc", "max_age", "decision",
    }  # fmt: skip
    [run] = [one for one in runs("events") if one.data.tags["retrain.strategy"] == "selftest"]
    assert run.data.metrics["drills_failed"] == 0
    assert champion("events").number == 1


def broken(judge, change):
    """A judge with a bug: its verdicts come out changed."""
    return lambda trigger, *args, **kwargs: change(trigger, judge(trigger, *args, **kwargs))


def said(verdict: Verdict, state: str) -> Verdict:
    return replace(verdict, state=state, reason="a bug")


SWAP = {"fired": "quiet", "quiet": "fired"}
BUGS = {
    "never fires": lambda _, verdict: said(verdict, "quiet"),
    "always fires": lambda _, verdict: said(verdict, "fired"),
    "swapped comparison": lambda _, verdict: said(verdict, SWAP.get(verdict.state, verdict.state)),
}


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize(("judge", "names"), [("judge_drift", ("psi", "ks")), ("judge_decay", ("decay_roc_auc",)),
                                              ("judge_age", ("max_age",))])  # fmt: skip
def test_a_broken_trigger_is_caught_and_named_with_what_it_missed(drilled, monkeypatch, judge, names, bug):
    module = selftest_module.__globals__ if hasattr(selftest_module, "__globals__") else vars(selftest_module)
    monkeypatch.setitem(module, judge, broken(module[judge], BUGS[bug]))
    with pytest.raises(SelfTestError) as caught:
        drilled().require_passed()
    for name in names:
        assert f"{name}, " in str(caught.value)
    assert {one.trigger for one in drilled().failed} == set(names)


def test_a_metric_taken_the_wrong_way_round_is_caught(drilled, monkeypatch):
    from retrain_plugin.declare.metric import Metric

    monkeypatch.setattr(Metric, "sign", property(lambda self: -1 if self.greater_is_better else 1))
    with pytest.raises(SelfTestError, match="decay_roc_auc, with its predictions shuffled: should have been fired"):
        drilled().require_passed()


def test_a_drop_that_no_loss_can_reach_is_caught(model, watched):
    retrain(model, watched, as_of=AS_OF)
    deaf = replace(watched, when=Decay("roc_auc", drop=0.6, min_rows=100))
    with pytest.raises(SelfTestError, match="decay_roc_auc, with its predictions shuffled"):
        selftest(model, deaf, as_of=AS_OF + WEEK).require_passed()


def test_a_trigger_that_never_has_rows_enough_is_caught(model, watched):
    retrain(model, watched, as_of=AS_OF)
    blind = replace(watched, when=PSI(min_rows=10_000))
    with pytest.raises(SelfTestError, match=r"psi, two halves .* was insufficient"):
        selftest(model, blind, as_of=AS_OF + WEEK).require_passed()
