from __future__ import annotations

import resource
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from demo.flights import WEATHER, flights
from retrain_plugin import (
    PSI,
    Continual,
    DataFault,
    Expectations,
    Gate,
    MaxAge,
    Model,
    Parquet,
    Periodic,
    RegistryError,
    TrainingError,
)
from retrain_plugin.data import sample
from retrain_plugin.data.rows import load
from retrain_plugin.data.sample import remembered_rows
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import UnsoundDataError
from retrain_plugin.registry import attempt as registry_attempt
from retrain_plugin.registry.accept import accept
from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.version import TAG, champion, versions
from retrain_plugin.statistics.metrics import score
from retrain_plugin.training.predict import predict
from retrain_plugin.training.warm import learn, learner
from retrain_plugin.workflow import retrain, update
from tests.conftest import AS_OF, events, write
from tests.estimators import Notes

pytestmark = pytest.mark.usefixtures("mlflow_here")
DAY = timedelta(days=1)


@pytest.fixture
def model(model):
    return replace(model, estimator="tests.estimators:online")


@pytest.fixture
def strategy():
    return Continual(
        schedule="@daily", replay=0.5, memory=0.15, forgetting=0.02, train="30D", holdout="7D",
        gate=Gate(resamples=50, min_rows=100, tolerance=0.05),
    )  # fmt: skip


def days(count, start=0):
    return [AS_OF + day * DAY for day in range(start, start + count)]


def chain(name="events"):
    """Every version that served, with what made it and what it came from, whatever their numbers."""
    made = {one.number: one for one in versions(name)}
    served = [one for one in made.values() if one.promoted_as_of and not one.retired_as_of]
    return [
        (
            one.tags["as_of"],
            one.tags["step"],
            one.tags["trained_through"],
            one.tags["rows"],
            made[int(one.tags["parent_version"])].tags["as_of"] if "parent_version" in one.tags else None,
        )
        for one in sorted(served, key=lambda one: one.promoted_as_of)
    ]


def aliases():
    return {alias: int(number) for alias, number in client().get_registered_model("events").aliases.items()}


def tags_of(run_id):
    return {key.removeprefix("retrain."): value for key, value in client().get_run(run_id).data.tags.items()}


def serving(model):
    return _model(model, champion(model.name).number)


def rewrite(folder, change, frame=None):
    frame = events() if frame is None else frame
    write(folder, change(frame))


def test_first_a_full_fit_then_updates_from_their_parents_with_their_whole_record(model, strategy):
    done = [update(model, strategy, as_of=at) for at in days(3)]
    assert [one.promoted for one in done] == [True, True, True]
    first, second, third = versions("events")
    assert [one.tags["step"] for one in (first, second, third)] == ["rebase", "update", "update"]
    assert [one.tags.get("parent_version") for one in (first, second, third)] == [None, "1", "2"]
    assert [one.tags["base_version"] for one in (second, third)] == ["1", "1"]
    assert third.trained_through == days(3)[2] - DAY
    assert third.trained_from == first.trained_from
    assert third.tags["hours_new"] == "24.00"
    assert "all, against v2" in third.tags["remembered"]
    assert aliases() == {"champion": 3, "previous": 2}
    run = client().get_run(done[2].run_id)
    assert (run.info.status, run.data.tags["retrain.outcome"]) == ("FINISHED", "promoted")
    assert run.data.metrics["rows_new"] + run.data.metrics["rows_replayed"] == int(third.tags["rows"])
    assert run.data.metrics["rows_replayed"] == round(run.data.metrics["rows_new"] / 2)
    assert run.data.metrics["hours_new"] == 24
    assert {"fit_seconds", "memory_roc_auc", "memory_gain"} <= set(run.data.metrics)
    assert {"gate.json", "report.html", "declaration.json"} <= {
        one.path for one in client().list_artifacts(done[2].run_id)
    }
    assert {"memory since v1"} <= {one["name"] for one in done[2].gate["checks"]}


def test_an_update_is_its_parent_having_learnt_on(model, strategy):
    update(model, strategy, as_of=days(1)[0])
    parent = learner(serving(model))
    before = parent.coef_.copy(), parent.t_
    done = update(model, strategy, as_of=days(2)[1])
    after = learner(serving(model))
    assert after.t_ == before[1] + int(champion("events").tags["rows"])
    assert not np.array_equal(after.coef_, before[0])
    assert np.abs(after.coef_ - before[0]).max() < 0.5 * np.abs(before[0]).max()
    assert done.windows.train.start == days(1)[0] - DAY
    assert done.windows.holdout.end == days(2)[1] - DAY


def test_a_repeated_tick_changes_nothing_and_neither_does_one_without_new_rows(model, strategy):
    first = [update(model, strategy, as_of=at) for at in days(2)]
    before, predictor = versions("events"), deepcopy(serving(model))
    assert update(model, strategy, as_of=days(2)[1]) == first[1]
    moment_later = update(model, strategy, as_of=days(2)[1] + timedelta(minutes=1))
    assert (moment_later.promoted, moment_later.version) == (False, 2)
    assert "new labelled rows since" in moment_later.reason
    assert versions("events") == before
    rows = load(model, Window(AS_OF - 30 * DAY, AS_OF - DAY), AS_OF)
    one, other = (predict(model, each, rows.frame, who="").scores for each in (predictor, serving(model)))
    assert np.array_equal(one, other)
    assert tags_of(moment_later.run_id)["outcome"] == "kept"


def test_an_update_tried_again_after_a_retrain_for_the_same_moment_stays_as_it_was(model, strategy):
    done = [update(model, strategy, as_of=at) for at in days(2)]
    weekly = Periodic(
        schedule="@weekly", train="30D", holdout="7D", gate=replace(strategy.gate, tolerance=0.5), refit=False
    )
    # Not refitted, it leaves a week of labelled rows that it has not learnt.
    beside = retrain(model, weekly, as_of=days(2)[1], dag_id="weekly", force=True)
    assert beside.promoted
    before = versions("events")
    assert update(model, strategy, as_of=days(2)[1]) == done[1]
    assert versions("events") == before
    assert champion("events").number == beside.version


def test_missed_ticks_are_folded_into_the_next(model, strategy):
    update(model, strategy, as_of=days(1)[0])
    late = update(model, strategy, as_of=days(5)[4])
    assert (late.windows.train.start, late.windows.holdout.end) == (AS_OF - DAY, days(5)[4] - DAY)
    assert int(tags_of(late.run_id)["rows_new"]) > 150


def test_an_older_update_after_a_newer_one_is_a_recorded_no_op(model, strategy):
    update(model, strategy, as_of=days(1)[0])
    update(model, strategy, as_of=days(3)[2])
    before = versions("events")
    late = update(model, strategy, as_of=days(2)[1])
    assert (late.promoted, late.version) == (False, 2)
    assert "updates are made in order" in late.reason
    assert versions("events") == before
    assert tags_of(late.run_id)["decision"] == "keep"


def test_fifty_updates_learn_every_labelled_row_once_and_no_row_of_the_memory_set(model, folder, strategy):
    """With labels that come late, and rows that are delivered twice."""
    frame = events().assign(row=lambda one: np.arange(len(one), dtype=np.float64))
    frame["known"] = frame["at"] + pd.to_timedelta(np.random.default_rng(0).exponential(2, len(frame)), unit="D")
    write(folder, pd.concat([frame, frame[frame["row"] % 50 == 0]]))
    noted = replace(
        model,
        source=Parquet(f"{folder}/*.parquet", event_time="at", label_time="known"),
        features=["x", "row"],
        estimator="tests.estimators:notes",
        trusted_types=["tests.estimators.Notes"],
    )
    # Numbers that only ever grow are, rightly, far outside the range of those before.
    lax = replace(strategy, rebase_every=1000, keep=5, forgetting=0.5, contract=DataFault(min_rows=10**9))
    lax = replace(lax, gate=replace(strategy.gate, tolerance=1.0))
    Notes.batches.clear()
    update(noted, lax, as_of=AS_OF)
    base = set.union(*Notes.batches)
    seen, known_before = set(base), base
    for at in days(50, 1):
        Notes.batches.clear()
        done = update(noted, lax, as_of=at)
        assert done.promoted, done.reason
        # The update goes on from its twin with the newest rows.
        twin, newest = Notes.batches
        assert len(newest) < len(twin)
        batch = twin | newest
        new = batch - known_before
        assert len(batch & known_before) <= int(tags_of(done.run_id)["rows_replayed"])
        assert new.isdisjoint(seen)
        seen |= new
        known_before = seen
    last = days(50, 1)[-1]
    start = champion("events").trained_from
    memory = {
        int(one)
        for one in remembered_rows(noted, Window(start, last), last, memory=lax.memory, periods=1, most=10**6).frame[
            "row"
        ]
    }
    labelled = frame[(frame["at"] >= start) & (frame["at"] < last) & (frame["known"] < last)]
    assert seen.isdisjoint(memory)
    assert seen == set(labelled["row"].astype(int)) - memory
    assert len(versions("events")) <= lax.keep + 1


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_two_hundred_updates_read_no_more_rows_and_leave_no_more_behind(model, folder, strategy, monkeypatch):
    write(folder, events(days=280))
    read_rows: list[int] = []

    def counted(*args, **kwargs):
        found = load(*args, **kwargs)
        read_rows.append(len(found))
        return found

    monkeypatch.setattr(sample, "load", counted)
    thrifty = replace(strategy, keep=10, forgetting=0.5, gate=replace(strategy.gate, tolerance=1.0))
    largest, held, kept = [], [], []
    for at in days(200):
        read_rows.clear()
        update(model, thrifty, as_of=at)
        largest.append(max(read_rows, default=0))
        held.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6)
        kept.append(sum(one.updated for one in versions("events")))
    assert 0 < max(largest[100:]) <= 1.2 * max(largest[:100])
    assert max(kept) <= thrifty.keep + 2
    assert np.median(held[-20:]) < np.median(held[40:60]) + 60
    assert len(list(Path("/proc/self/fd").iterdir())) < 100


@pytest.mark.parametrize("moment", ["stored", "trained", "registered", "judged", "promoted", "settled", "concluded"])
def test_an_update_cut_off_anywhere_and_tried_again_leaves_the_same_chain(model, strategy, moment, monkeypatch):
    other = replace(model, name="other")
    for at in days(3):
        update(other, strategy, as_of=at)
    for at in days(2):
        update(model, strategy, as_of=at)
    with monkeypatch.context() as cut:
        _cut_off(cut, moment)
        with pytest.raises(KeyboardInterrupt):
            update(model, strategy, as_of=days(3)[2])
    assert aliases()["champion"] in (2, 3)
    done = update(model, strategy, as_of=days(3)[2])
    assert done.promoted
    assert chain() == chain("other")
    assert [one.promoted_as_of is not None for one in versions("events")] == [True] * 3
    assert {run.info.status for run in runs("events")} == {"FINISHED"}


def test_a_lost_answer_to_the_last_step_is_not_taken_for_a_failure(model, strategy, monkeypatch):
    update(model, strategy, as_of=days(2)[0])
    log_batch = MlflowClient.log_batch

    def answerless(self, run_id, **written):
        log_batch(self, run_id, **written)
        if any((tag.key, tag.value) == (f"{TAG}stage", "concluded") for tag in written.get("tags", ())):
            raise MlflowException("no answer in time")

    with monkeypatch.context() as lost:
        lost.setattr(MlflowClient, "log_batch", answerless)
        with pytest.raises(RegistryError, match="no answer in time"):
            update(model, strategy, as_of=days(2)[1])
    assert aliases()["champion"] == 2
    assert not any(f"{TAG}failed" in run.data.tags for run in runs("events"))
    assert update(model, strategy, as_of=days(2)[1]).version == 2
    assert {run.info.status for run in runs("events")} == {"FINISHED"}


def _cut_off(patch, moment):
    """The process ends just after one step of an update, or before its last one."""
    from retrain_plugin.registry import promote as registry_promote

    targets = {
        "stored": (registry_attempt.Attempt, "store_model"),
        "registered": (registry_attempt.Attempt, "register"),
        "promoted": (registry_promote, "_retire_others"),
        "settled": (registry_promote, "settle_aliases"),
    }

    def end_after(function):
        def ended(*args, **kwargs):
            function(*args, **kwargs)
            raise KeyboardInterrupt

        return ended

    if moment in targets:
        owner, name = targets[moment]
        patch.setattr(owner, name, end_after(getattr(owner, name)))
        return
    record = registry_attempt.Attempt.record

    def recorded(self, *, stage=None, **kwargs):
        record(self, stage=stage, **kwargs)
        if stage == moment or (moment == "judged" and stage == "trained"):
            raise KeyboardInterrupt

    patch.setattr(registry_attempt.Attempt, "record", recorded)


def test_the_newest_update_is_done_anew_where_its_data_were_corrected_and_older_ones_are_not(model, strategy, folder):
    first, second, third = (update(model, strategy, as_of=at) for at in days(3))
    corrected = events()
    recent = corrected["at"] >= pd.Timestamp(days(2)[1] - DAY)
    write(folder, corrected.assign(x=corrected["x"] + 0.01 * recent))
    assert update(model, strategy, as_of=days(2)[1]) == second
    again = update(model, strategy, as_of=days(3)[2])
    assert again.promoted
    assert again.version > third.version
    assert [one[0] for one in chain()] == [at.isoformat() for at in days(3)]
    assert champion("events").number == again.version
    assert first.version == int(champion("events").tags["base_version"])


def test_after_so_many_updates_there_is_a_rebase_through_the_ordinary_gate(model, strategy):
    done = [update(model, replace(strategy, rebase_every=2), as_of=at) for at in days(4)]
    last = tags_of(done[3].run_id)
    assert (last["decision"], last["rebase"]) == ("retrain", "due")
    assert "v3's twin" in done[3].gate["opponent"]
    assert done[3].gate["checks"][-1]["name"] in ("refit", "gain is certain enough")
    assert versions("events")[3].tags["step"] == "rebase"


def test_a_refused_rebase_is_not_tried_again_at_the_next_tick(model, strategy):
    proud = replace(strategy, rebase_every=2)
    for at in days(3):
        update(model, proud, as_of=at)
    refusing = replace(proud, gate=replace(proud.gate, floors={"accuracy": 0.999}))
    refused = update(model, refusing, as_of=days(4)[3])
    assert (refused.promoted, tags_of(refused.run_id)["rebase"]) == (False, "due")
    after = update(model, proud, as_of=days(5)[4])
    assert tags_of(after.run_id)["decision"] == "update"
    assert after.promoted


def test_a_new_class_or_category_is_learnt_in_full_at_once(model, strategy, folder):
    later = pd.Timestamp(days(2)[1] - DAY)

    def new_category(frame):
        return frame.assign(kind=frame["kind"].mask((frame["at"] >= later) & (frame.index % 10 == 0), "violet"))

    rewrite(folder, new_category)
    for at in days(2):
        update(model, strategy, as_of=at)
    done = update(model, strategy, as_of=days(3)[2])
    told = tags_of(done.run_id)
    assert (told["rebase"], done.promoted) == ("category", True)
    assert "violet" in told["asked_because"]
    assert tags_of(update(model, strategy, as_of=days(4)[3]).run_id)["decision"] == "update"

    rewrite(folder, lambda frame: frame.assign(y=frame["y"].astype(int) + (frame["at"] >= later) * (frame["x"] > 1)))
    classes = replace(model, name="classes", metric="accuracy")
    for at in days(2):
        update(classes, strategy, as_of=at)
    told = tags_of(update(classes, strategy, as_of=days(3)[2]).run_id)
    assert (told["rebase"], "never seen before: 2" in told["asked_because"]) == ("class", True)


def test_another_declaration_is_learnt_in_full(model, strategy):
    for at in days(2):
        update(model, strategy, as_of=at)
    fewer = update(replace(model, features=["x", "kind"]), strategy, as_of=days(3)[2])
    assert (fewer.promoted, tags_of(fewer.run_id)["rebase"]) == (True, "changed since v2")
    assert (
        tags_of(update(replace(model, features=["x", "kind"]), strategy, as_of=days(4)[3]).run_id)["step"] == "update"
    )


def test_the_champion_of_another_strategy_is_rebased_once_or_learnt_on_from(model, strategy):
    retrain(model, Periodic(schedule="@weekly", train="30D", holdout="7D", gate=strategy.gate), as_of=AS_OF)
    refusing = replace(strategy, gate=replace(strategy.gate, floors={"accuracy": 0.999}))
    refused = update(model, refusing, as_of=days(2)[1])
    assert (refused.promoted, "trained by another strategy" in tags_of(refused.run_id)["asked_because"]) == (
        False,
        True,
    )
    learnt = update(model, strategy, as_of=days(3)[2])
    assert (learnt.promoted, tags_of(learnt.run_id)["step"]) == (True, "update")
    assert champion("events").tags["parent_version"] == "1"


def test_a_trigger_asks_for_a_rebase_at_once(model, strategy):
    watched = replace(strategy, when=MaxAge("2D"))
    done = [update(model, watched, as_of=at) for at in days(2)]
    assert tags_of(done[1].run_id)["decision"] == "update"
    aged = update(model, watched, as_of=days(4)[3])
    assert (tags_of(aged.run_id)["rebase"], "max_age fired" in tags_of(aged.run_id)["asked_because"]) == (
        "trigger",
        True,
    )


def test_drift_asks_for_a_rebase_against_the_rows_of_the_last_full_fit(model, strategy, folder):
    drifted = pd.Timestamp(days(3)[2] - 2 * DAY)
    rewrite(
        folder,
        lambda frame: frame.assign(x=frame["x"] * (1 - 0.2 * (frame["at"] >= drifted)) + (frame["at"] >= drifted)),
    )
    watched = replace(strategy, when=PSI(min_rows=60), window="3D", contract=DataFault(min_rows=10**9))
    done = [update(model, watched, as_of=at) for at in days(5)]
    rebases = [tags_of(one.run_id).get("rebase") for one in done]
    assert rebases[0] == "first"
    assert "trigger" in rebases[1:]


def test_broken_rows_are_held_and_learnt_once_a_person_accepts_them(model, strategy, folder):
    broken = pd.Timestamp(days(2)[1] - DAY)
    rewrite(folder, lambda frame: frame.assign(x=frame["x"].mask((frame["at"] >= broken) & (frame.index % 2 == 0))))
    lax = replace(model, expect=Expectations(min_train_rows=200, min_holdout_rows=50, max_missing=0.9))
    trees = replace(lax, estimator="tests.estimators:online_with_gaps")
    quick = replace(
        strategy, contract=DataFault(min_rows=30), gate=replace(strategy.gate, tolerance=0.5), forgetting=0.2
    )
    for at in days(2):
        update(trees, quick, as_of=at)
    with pytest.raises(UnsoundDataError, match=r"new rows .*missing or infinite.*keeps serving"):
        update(trees, quick, as_of=days(3)[2])
    told = next(tags for run in runs("events") if (tags := tags_of(run.info.run_id)).get("outcome") == "held")
    assert (told["decision"], "x:missing" in told["faults"]) == ("hold", True)
    assert champion("events").number == 2
    breaches = [tuple(one.split(":")) for one in told["faults"].split(",")]
    accept("events", breaches, as_of=days(3)[2], by="me", reason="a new sensor")
    assert update(trees, quick, as_of=days(3)[2]).promoted


def test_two_held_ticks_are_answered_by_a_rebase(model, strategy, folder):
    broken = pd.Timestamp(days(2)[1] - DAY)
    short = (broken, broken + pd.Timedelta("12h"))
    rewrite(folder, lambda frame: frame.assign(x=frame["x"].mask(frame["at"].between(*short))))
    trees = replace(model, estimator="tests.estimators:online_with_gaps")
    quick = replace(strategy, contract=DataFault(min_rows=20))
    for at in days(2):
        update(trees, quick, as_of=at)
    held = 0
    for at in (days(3)[2] - timedelta(hours=11), days(3)[2] - timedelta(hours=9)):
        with pytest.raises(UnsoundDataError):
            update(trees, quick, as_of=at)
        held += 1
    done = update(trees, quick, as_of=days(3)[2])
    assert (held, tags_of(done.run_id)["rebase"]) == (2, "refusals")
    assert done.promoted


def test_what_cannot_learn_on_is_refused_before_anything_is_read(model, strategy):
    nowhere = replace(
        model, estimator="tests.estimators:neighbours", source=replace(model.source, path="nowhere/*.parquet")
    )
    with pytest.raises(TrainingError, match="cannot learn on from its weights"):
        update(nowhere, strategy, as_of=AS_OF)
    assert runs("events") == []


def test_pruning_keeps_the_newest_every_rebase_and_whatever_an_alias_names(model, strategy):
    thrifty = replace(strategy, keep=2, rebase_every=4)
    for at in days(5):
        update(model, thrifty, as_of=at)
    client().set_registered_model_alias("events", "shadow", "4")
    for at in days(4, 5):
        update(model, thrifty, as_of=at)
    left = versions("events")
    updated = [one.number for one in left if one.updated]
    assert 4 in updated
    assert len(updated) == 3
    assert 1 in [one.number for one in left if not one.updated]
    assert {aliases()["champion"], aliases()["previous"]} <= {one.number for one in left}
    # What is gone from the registry is still on record.
    assert sum(tags_of(run.info.run_id).get("outcome") == "promoted" for run in runs("events")) > len(left)


def _stream(per_day=300, days=120):
    """Of one kind the labels follow `x`, of another they follow `-x`: what one teaches, the other would unlearn."""
    frame = events(days=days, per_day=per_day)
    sign = np.where(frame["kind"] == "red", -1, 1)
    noise = np.random.default_rng(1).normal(scale=1.0, size=len(frame))
    return frame.assign(y=(2 * sign * frame["x"] + noise > 0).astype(int))


ADVERSARIES = {
    "one carrier for a week": ("interacting", 7, lambda part: part[part["kind"] == "red"]),
    "labels flipped for a day": ("quick_network", 1, lambda part: part.assign(y=1 - part["y"])),
    "a class is gone for a month": ("quick_network", 30, lambda part: part[part["y"] == 0]),
}


@pytest.mark.parametrize("adversary", ADVERSARIES)
def test_an_adversarial_stream_is_not_learnt_though_a_naive_warm_start_forgets(model, strategy, folder, adversary):
    estimator, length, spoil = ADVERSARIES[adversary]
    frame, start = _stream(), pd.Timestamp(AS_OF - DAY)
    spoilt = (frame["at"] >= start) & (frame["at"] < start + length * DAY)
    for file in folder.iterdir():
        file.unlink()
    write(folder, pd.concat([frame[~spoilt], spoil(frame[spoilt])]))
    network = replace(model, estimator=f"tests.estimators:{estimator}")
    # The gate alone is on trial here: the contract would hold some of these rows before it.
    guarded = replace(strategy, contract=DataFault(min_rows=10**9), replay=0.2)
    update(network, guarded, as_of=AS_OF)
    past = events(days=30, per_day=300, seed=9)
    sign = np.where(past["kind"] == "red", -1, 1)
    truth = (2 * sign * past["x"] + np.random.default_rng(2).normal(size=len(past)) > 0).astype(int).to_numpy()
    columns = past[list(network.features)].astype({"kind": "category"})

    def remembers(estimator):
        return score(network.judged_by, truth, predict(network, estimator, columns, who="it"))

    before = remembers(serving(network))
    as_of = AS_OF + length * DAY
    naive = deepcopy(serving(network))
    learn(network, naive, load(network, Window(AS_OF - DAY, as_of - DAY), as_of), grow=10)
    assert remembers(naive) < before - 0.1
    step = max(1, length // 6)
    reasons = []
    for day in range(step, length + 1, step):
        done = update(network, guarded, as_of=AS_OF + day * DAY)
        reasons.append(tags_of(done.run_id))
        assert remembers(serving(network)) >= before - guarded.forgetting
    told = [one for one in reasons if one["outcome"] == "refused" or one["decision"] == "retrain"]
    # What replay keeps from being forgotten needs no refusal.
    assert told or adversary == "a class is gone for a month"
    assert all("memory" in one["reason"] or one.get("rebase") for one in told)


def test_boosted_trees_continued_naively_are_refused_on_flights_and_retrained_in_full(tmp_path):
    first = datetime(2013, 3, 3, tzinfo=timezone.utc)
    rows = flights()
    rows[rows["scheduled_at"] < pd.Timestamp(first + 28 * DAY)].to_parquet(tmp_path / "flights.parquet")
    late = Model(
        name="late",
        source=Parquet(str(tmp_path / "flights.parquet"), event_time="scheduled_at", label_delay="1D"),
        features=["hour", "weekday", "distance", "carrier", "origin", "dest", *WEATHER],
        target="late",
        estimator="tests.estimators:boosted",
        metric="roc_auc",
    )
    weekly = Continual(schedule="@weekly", replay=0.5, train="all", holdout="14D")
    done = [update(late, weekly, as_of=first + 7 * week * DAY) for week in range(3)]
    told = [tags_of(one.run_id) for one in done]
    assert [(one["decision"], one["outcome"]) for one in told[:2]] == [("retrain", "promoted"), ("update", "refused")]
    assert "memory" in told[1]["reason"]
    assert (told[2]["rebase"], told[2]["outcome"]) == ("refusals", "promoted")
    week = load(late, Window(first + 14 * DAY, first + 21 * DAY), first + 23 * DAY)
    never, ours = (
        score(late.judged_by, week.target, predict(late, _model(late, number), week.frame, who="it"))
        for number in (1, champion("late").number)
    )
    assert ours >= never


def _model(model, number):
    version = next(one for one in versions(model.name) if one.number == number)
    return read(model, version.tags["model_uri"], version.tags["model_digest"])
