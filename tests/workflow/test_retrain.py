from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import timedelta

import mlflow
import numpy as np
import pandas as pd
import pytest

import retrain_plugin.workflow.train as train_module
from retrain_plugin import Expectations, Gate, Periodic, RegistryError
from retrain_plugin.data.rows import load
from retrain_plugin.errors import UnsoundDataError
from retrain_plugin.registry import attempt as registry_attempt
from retrain_plugin.registry import promote as registry_promote
from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.version import champion, versions
from retrain_plugin.training.predict import predict
from retrain_plugin.workflow import retrain
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.promote import promote
from retrain_plugin.workflow.train import train
from retrain_plugin.workflow.validate import validate
from tests.conftest import AS_OF, events, weeks, write

pytestmark = pytest.mark.usefixtures("mlflow_here")


def aliases(name="events"):
    return {alias: int(number) for alias, number in client().get_registered_model(name).aliases.items()}


def serving_number():
    found = champion("events")
    return found and found.number


def test_the_first_retrain_makes_a_champion_with_its_whole_record(model, strategy):
    done = retrain(model, strategy, as_of=AS_OF)
    assert (done.promoted, done.version) == (True, 1)
    assert aliases() == {"champion": 1}
    [version] = versions("events")
    assert version.tags["trained_through"] == (AS_OF - timedelta(days=1)).isoformat()
    assert version.tags["promoted_as_of"] == AS_OF.isoformat()
    assert {"as_of", "decision", "reason", "strategy", "trained_from", "data_digest", "cost_seconds", "rows"} <= set(
        version.tags
    )
    run = client().get_run(done.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["retrain.outcome"] == "promoted"
    assert run.data.params["metric"] == "roc_auc"
    assert 0.5 < run.data.metrics["roc_auc"] < 1
    assert {"gate.json", "quality.json", "report.html", "profile.json", "data_check.json"} <= {
        one.path for one in client().list_artifacts(done.run_id)
    }


def test_the_champion_is_served_by_mlflow_with_the_predictions_we_judged(model, strategy):
    retrain(model, strategy, as_of=AS_OF)
    rows = load(model, strategy.windows(model, AS_OF).holdout, AS_OF)
    [version] = versions("events")
    ours = predict(model, read(model, version.source, version.tags["model_digest"]), rows.frame, who="v1")
    served = mlflow.pyfunc.load_model("models:/events@champion")
    assert served.metadata.signature is not None
    assert list(served.predict(rows.frame.astype({"kind": str}))) == list(ours.values)


def test_doing_it_again_changes_nothing(model, strategy):
    first = retrain(model, strategy, as_of=AS_OF)
    before = versions("events")
    assert retrain(model, strategy, as_of=AS_OF) == first
    assert versions("events") == before
    assert len(runs("events")) == 1


def test_same_data_and_moment_same_figures_and_predictions(model, strategy):
    kinds = [replace(model, name=name) for name in ("one", "two")]
    first, second = (retrain(one, strategy, as_of=AS_OF) for one in kinds)
    assert first.gate == second.gate
    rows = load(model, strategy.windows(model, AS_OF).holdout, AS_OF)
    scores = [predict(one, read(one, versions(one.name)[0].source, None), rows.frame, who="").scores for one in kinds]
    assert np.array_equal(*scores)


def test_what_cannot_be_known_yet_reaches_no_model(model, strategy, folder):
    horizon = pd.Timestamp(model.label_horizon(AS_OF))
    frame = events()
    later = frame["at"] >= horizon
    lagged = frame.assign(canary=frame["x"] / 2)
    # Read even once, an infinite feature stops the run and a flipped label changes the figures.
    poisoned = lagged.assign(canary=lagged["canary"].mask(later, np.inf), y=frame["y"] ^ later)
    found = []
    for name, rows in {"honest": lagged, "poisoned": poisoned}.items():
        write(folder, rows)
        with_canary = replace(model, name=name, features=[*model.features, "canary"])
        found.append((retrain(with_canary, strategy, as_of=AS_OF).gate, versions(name)[0].tags["data_digest"]))
    assert found[0] == found[1]


def test_an_older_backfill_is_judged_by_its_own_time_and_leaves_the_alias_alone(model, strategy):
    now, then = weeks(3)[2], weeks(3)[0]
    newest = retrain(model, strategy, as_of=now)
    older = retrain(model, strategy, as_of=then)
    assert older.gate["opponent"] == ""
    assert older.promoted
    assert aliases()["champion"] == newest.version
    assert champion("events", then).number == older.version


def test_a_backfill_in_any_order_of_training_gives_the_same_history(model, strategy):
    for at in weeks(4):
        retrain(model, strategy, as_of=at)
    other = replace(model, name="other")
    jobs = [Job(model=other, strategy=strategy, as_of=at) for at in weeks(4)]
    for job in reversed(jobs):
        train(job)
    for job in jobs:
        validate(job)
        promote(job)

    def history(name):
        told = ("as_of", "outcome", "data_digest", "trained_through", "promoted_as_of", "parent_version")
        return [{tag: one.tags.get(tag) for tag in told} for one in versions(name)]

    assert history("other") == history("events")


@pytest.mark.parametrize(
    ("estimator", "why"),
    [
        ("tests.estimators:noise_only", "gain"),
        ("tests.estimators:constant", "are the same"),
        ("tests.estimators:nan", "NaN or infinite"),
    ],
)
def test_a_bad_challenger_is_not_promoted_and_the_reason_is_everywhere(model, strategy, estimator, why, caplog):
    good = retrain(model, strategy, as_of=weeks(2)[0])
    trusting = replace(model, estimator=estimator, trusted_types=["tests.estimators.NanClassifier"])
    bad = retrain(trusting, strategy, as_of=weeks(2)[1])
    assert not bad.promoted
    assert why in bad.reason
    assert aliases()["champion"] == good.version
    assert why in client().get_run(bad.run_id).data.tags["retrain.reason"]
    assert why in versions("events")[-1].tags["reason"]
    assert why in caplog.text


def test_too_few_unseen_holdout_rows_are_refused(model, strategy):
    first = retrain(model, strategy, as_of=AS_OF)
    small = replace(strategy, gate=replace(strategy.gate, min_rows=2000))
    second = retrain(model, small, as_of=AS_OF + timedelta(days=7))
    assert not second.promoted
    assert "enough rows" in second.reason
    assert aliases()["champion"] == first.version


def test_a_refitted_champion_is_judged_on_rows_it_has_not_seen_or_by_its_twin(model, strategy):
    retrain(model, strategy, as_of=AS_OF)
    week_later = retrain(model, strategy, as_of=AS_OF + timedelta(days=7))
    assert week_later.gate["opponent"] == "v1"
    day_later = retrain(replace(model, name="quick"), strategy, as_of=AS_OF)
    assert day_later.promoted
    next_day = retrain(replace(model, name="quick"), strategy, as_of=AS_OF + timedelta(days=1))
    assert next_day.gate["opponent"] == "v1's twin"
    assert next_day.gate["comparison"]["rows"] == next_day.gate["rows"]


def test_without_refit_the_judged_model_itself_serves(model, strategy):
    done = retrain(model, replace(strategy, refit=False), as_of=AS_OF)
    [version] = versions("events")
    assert done.promoted
    assert version.source == version.tags["twin_uri"]
    assert version.tags["trained_through"] == version.tags["twin_trained_through"]


def test_the_same_rows_are_not_judged_again_unless_forced(model, strategy):
    retrain(model, strategy, as_of=AS_OF, dag_run_id="scheduled")
    again = retrain(model, strategy, as_of=AS_OF, dag_run_id="manual")
    assert not again.promoted
    assert "nothing new" in again.reason
    forced = retrain(model, strategy, as_of=AS_OF, dag_run_id="forced", force=True)
    assert forced.gate["comparison"] is not None


def test_two_dags_that_decide_for_the_same_moment_do_not_judge_each_other_away(model, strategy):
    tolerant = replace(strategy, gate=replace(strategy.gate, tolerance=0.5))

    def both():
        return [retrain(model, tolerant, as_of=AS_OF, dag_id=name, force=name == "two") for name in ("one", "two")]

    first = both()
    assert [one.promoted for one in first] == [True, True]
    before = versions("events")
    assert both() == first
    assert versions("events") == before
    assert champion("events").number == first[1].version


def test_corrected_data_is_trained_anew_and_supersedes(model, strategy, folder):
    frame = events()
    # Values in the wrong rows: no profile can tell, only a model learns nonsense.
    late = frame["at"] >= pd.Timestamp(AS_OF - timedelta(days=20))
    wrong = frame.assign(x=frame["x"].mask(late, np.random.default_rng(1).permutation(frame["x"])))
    write(folder, wrong)
    retrain(model, strategy, as_of=AS_OF - timedelta(days=14))
    first = retrain(model, strategy, as_of=AS_OF)
    write(folder, frame)
    second = retrain(model, strategy, as_of=AS_OF)
    assert second.version != first.version
    assert second.run_id != first.run_id
    assert second.promoted
    assert champion("events", AS_OF).number == second.version
    assert client().get_run(first.run_id).data.tags["retrain.superseded_by"] == second.run_id


def test_a_changed_declaration_is_trained_anew(model, strategy):
    first = retrain(model, strategy, as_of=AS_OF)
    second = retrain(replace(model, seed=7), strategy, as_of=AS_OF)
    assert second.run_id != first.run_id
    assert second.version != first.version


def test_work_cut_short_is_taken_up_where_it_was_whole(model, strategy, monkeypatch):
    job = Job(model=model, strategy=strategy, as_of=AS_OF)
    train(job)
    import retrain_plugin.workflow.validate as step

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(step, "judge", killed)
    with pytest.raises(KeyboardInterrupt):
        validate(job)
    [run] = runs("events")
    assert run.info.status == "FAILED"
    monkeypatch.undo()
    os.environ["MLFLOW_TRACKING_URI"] = mlflow.get_tracking_uri()
    done = retrain(model, strategy, as_of=AS_OF)
    assert done.promoted
    [run] = runs("events")
    assert run.info.status == "FINISHED"
    assert len(versions("events")) == 1


def test_a_failure_in_the_last_step_takes_nothing_back_from_what_was_judged(model, strategy, monkeypatch):
    retrain(model, strategy, as_of=weeks(2)[0])
    with monkeypatch.context() as failing:
        failing.setattr(registry_promote, "settle_aliases", lambda _: (_ for _ in ()).throw(RegistryError("gone")))
        with pytest.raises(RegistryError, match="gone"):
            retrain(model, strategy, as_of=weeks(2)[1], force=True)
    told = runs("events")[0]
    assert (told.info.status, told.data.tags["retrain.failed"]) == ("FAILED", "gone")
    assert told.data.tags["retrain.outcome"] == "passed"
    again = retrain(model, strategy, as_of=weeks(2)[1], force=True)
    assert again.promoted
    assert "gone" not in again.reason
    told = client().get_run(again.run_id)
    assert (told.info.status, told.data.tags["retrain.outcome"]) == ("FINISHED", "promoted")
    assert "retrain.failed" not in told.data.tags
    assert aliases() == {"champion": 2, "previous": 1}


def test_what_was_cut_off_and_never_tried_again_is_closed_by_the_next_run_of_its_dag(model, strategy, monkeypatch):
    def killed(*_, **__):
        raise SystemExit

    with monkeypatch.context() as cut:
        cut.setattr(train_module, "fit", killed)
        cut.setattr(registry_attempt, "_fail", lambda *_: None)
        for dag_id in ("ours", "another"):
            with pytest.raises(SystemExit):
                retrain(model, strategy, as_of=weeks(2)[0], dag_id=dag_id)
    assert {run.info.status for run in runs("events")} == {"RUNNING"}
    assert retrain(model, strategy, as_of=weeks(2)[1], dag_id="ours").promoted
    left = {run.data.tags["retrain.dag_id"]: run for run in runs("events") if "2024-03-01" in run.info.run_name}
    assert {dag_id: run.info.status for dag_id, run in left.items()} == {"ours": "FAILED", "another": "RUNNING"}
    assert left["ours"].data.tags["retrain.failed"] == "cut off, and not tried again"
    # Tried again after all, it goes on where it was.
    assert retrain(model, strategy, as_of=weeks(2)[0], dag_id="ours").promoted
    assert client().get_run(left["ours"].info.run_id).info.status == "FINISHED"


def test_a_champion_with_other_features_is_asked_with_its_own(model, strategy):
    retrain(model, strategy, as_of=weeks(2)[0])
    fewer = replace(model, features=["x", "kind"])
    done = retrain(fewer, strategy, as_of=weeks(2)[1])
    assert done.gate["comparison"] is not None


def test_a_champion_whose_column_is_gone_keeps_serving_until_forced(model, strategy, folder):
    retrain(model, strategy, as_of=weeks(2)[0])
    write(folder, events().drop(columns="noise"))
    fewer = replace(model, features=["x", "kind"])
    refused = retrain(fewer, strategy, as_of=weeks(2)[1])
    assert not refused.promoted
    assert "champion cannot be judged" in refused.reason
    forced = retrain(fewer, strategy, as_of=weeks(2)[1], dag_run_id="forced", force=True)
    assert forced.promoted
    assert aliases()["champion"] == forced.version


def test_a_number_that_became_text_is_named(model, strategy, folder):
    retrain(model, strategy, as_of=weeks(2)[0])
    write(folder, events().assign(noise="loud"))
    done = retrain(model, strategy, as_of=weeks(2)[1])
    assert not done.promoted
    assert "'noise' was a number and is text" in done.reason


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_regression_is_retrained_alike(model, strategy, metric):
    values = replace(model, target="value", estimator="tests.estimators:regression_trees", metric=metric)
    first, second = (retrain(values, strategy, as_of=at) for at in weeks(2))
    assert first.promoted
    assert second.gate["comparison"]["rows"] > 100


@pytest.mark.parametrize("estimator", ["logistic", "forest", "trees"])
def test_several_classes_and_pipelines_are_retrained_alike(model, strategy, folder, estimator):
    frame = events()
    frame["y"] = pd.cut(frame["value"], [-99, -1, 1, 99], labels=["low", "mid", "high"]).astype(str)
    write(folder, frame)
    done = retrain(replace(model, estimator=f"tests.estimators:{estimator}"), strategy, as_of=AS_OF)
    assert done.promoted, done.reason


def test_all_history_trains_where_declared(model, strategy):
    done = retrain(model, replace(strategy, train="all"), as_of=AS_OF)
    assert client().get_run(done.run_id).data.metrics["rows_train"] > 3000
    assert versions("events")[0].tags["trained_from"].startswith("2024-01-01")


def test_unsound_data_stops_before_training_and_is_on_record(model, strategy, folder):
    good = retrain(model, strategy, as_of=weeks(2)[0])
    frame = events()
    frame["y"] = frame["y"].astype("boolean").mask(frame["at"] >= pd.Timestamp(weeks(2)[0] - timedelta(days=1)))
    write(folder, frame)
    with pytest.raises(UnsoundDataError, match="labels are missing"):
        retrain(model, strategy, as_of=weeks(2)[1])
    newest = runs("events")[0]
    assert newest.info.status == "FAILED"
    assert "labels are missing" in newest.data.tags["retrain.failed"]
    assert len(versions("events")) == 1
    assert aliases()["champion"] == good.version


def test_an_unreachable_server_is_named_within_seconds_and_keeps_its_password(model, strategy, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    mlflow.set_tracking_uri(f"http://someone:hunter2@127.0.0.1:{port}")
    with pytest.raises(RegistryError, match="MLFLOW_TRACKING_URI") as caught:
        retrain(model, strategy, as_of=AS_OF)
    assert "hunter2" not in str(caught.value)


def test_slices_and_floors_reach_the_gate(model, strategy):
    gate = Gate(floors={"roc_auc": 0.999}, slices=["kind"], resamples=100, min_rows=100, min_slice_rows=50)
    done = retrain(model, replace(strategy, gate=gate), as_of=AS_OF)
    assert not done.promoted
    assert "floor roc_auc" in done.reason
    assert champion("events") is None


def test_expectations_can_be_widened(model, strategy, folder):
    frame = events(per_day=5)
    write(folder, frame)
    with pytest.raises(UnsoundDataError, match="only"):
        retrain(model, strategy, as_of=AS_OF)
    wide = replace(model, expect=Expectations(min_train_rows=50, min_holdout_rows=10))
    assert retrain(wide, Periodic(schedule="@weekly", train="30D", holdout="7D"), as_of=AS_OF).version == 1
