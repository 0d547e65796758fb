from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain_plugin import (
    KS,
    PSI,
    Continual,
    DataFault,
    Decay,
    DeclarationError,
    Expectations,
    Gate,
    MaxAge,
    Model,
    Parquet,
    Periodic,
    Table,
    Triggered,
    all_of,
    any_of,
    at_least,
)
from retrain_plugin.declare.continual import OnAsset
from retrain_plugin.declare.duration import parse_duration
from retrain_plugin.declare.wire import digest, from_json, to_json

GOOD = {
    "name": "flights-late",
    "source": Parquet("data/*.parquet", event_time="at", label_delay="1D"),
    "features": ["hour", "carrier"],
    "target": "late",
    "estimator": "flights_model:build",
    "metric": "roc_auc",
}


def declared(**changes: object) -> Model:
    return Model(**{**GOOD, **changes})


def triggered(**changes):
    usual = {"schedule": "@daily", "window": "7D", "when": any_of(PSI(), KS()), "max_age": "90D"}
    return Triggered(**{**usual, **changes})


def continual(**changes):
    return Continual(**{"schedule": "*/15 * * * *", **changes})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": ""}, "name="),
        ({"name": "a/b"}, "name="),
        ({"name": "a'b"}, "name="),
        ({"source": "data/*.parquet"}, "source="),
        ({"features": []}, "features"),
        ({"features": "hour"}, "features="),
        ({"features": ["hour", "hour"]}, "features names hour"),
        ({"features": ["hour", 3]}, "features entry=3"),
        ({"features": ["hour", "late"]}, "target="),
        ({"features": ["hour", "at"]}, "features:"),
        ({"target": ""}, "target="),
        ({"estimator": "flights_model"}, "estimator="),
        ({"estimator": "os:system('x')"}, "estimator="),
        ({"metric": "auc"}, "metric="),
        ({"metric": None}, "metric="),
        ({"metric": "mine:cost"}, "metric="),
        ({"metric": "mine:cost_loss"}, "task:"),
        ({"metric": "rmse", "task": "classification"}, "task="),
        ({"task": "ranking"}, "task="),
        ({"seed": -1}, "seed="),
        ({"seed": 1.5}, "seed="),
        ({"expect": {"min_train_rows": 3}}, "expect="),
        ({"trusted_types": "x"}, "trusted_types="),
    ],
)
def test_a_wrong_model_names_its_field(changes, named):
    with pytest.raises(DeclarationError, match=f"^{named}"):
        declared(**changes)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Periodic(schedule="weekly"), "schedule="),
        (lambda: Periodic(schedule="@fortnightly"), "schedule="),
        (lambda: Periodic(schedule="* * *"), "schedule="),
        (lambda: Periodic(schedule=None), "schedule="),
        (lambda: Periodic(schedule="@daily", train="60"), "train="),
        (lambda: Periodic(schedule="@daily", train="0D"), "train="),
        (lambda: Periodic(schedule="@daily", holdout="all"), "holdout="),
        (lambda: Periodic(schedule="@daily", holdout="9999999999999D"), "holdout="),
        (lambda: Periodic(schedule="@daily", refit="yes"), "refit="),
        (lambda: Periodic(schedule="@daily", gate={"tolerance": 1}), "gate="),
        (lambda: Gate(tolerance=-0.1), "tolerance="),
        (lambda: Gate(floors={"auc": 0.5}), "floors="),
        (lambda: Gate(floors={"roc_auc": "high"}), r"floors\['roc_auc'\]="),
        (lambda: Gate(floors=0.5), "floors="),
        (lambda: Gate(slices="origin"), "slices="),
        (lambda: Gate(confidence=1.5), "confidence="),
        (lambda: Gate(resamples=3), "resamples="),
        (lambda: Expectations(max_missing=1.5), "max_missing="),
        (lambda: Expectations(max_missing=float("nan")), "max_missing="),
        (lambda: Expectations(min_train_rows=0), "min_train_rows="),
        (lambda: Parquet("", event_time="at"), "path="),
        (lambda: Parquet("x", event_time=""), "event_time="),
        (lambda: Parquet("x", event_time="at", label_delay="soon"), "label_delay="),
        (lambda: Parquet("x", event_time="at", timezone="Mars/Olympus"), "timezone="),
        (lambda: Table("t", connection="", event_time="at"), "connection="),
        (lambda: PSI(threshold=-1), "threshold="),
        (lambda: PSI(alpha=0), "alpha="),
        (lambda: PSI(features="temp"), "features="),
        (lambda: PSI(predictions="yes"), "predictions="),
        (lambda: PSI(name="my psi"), "name="),
        (lambda: KS(min_effect=2), "min_effect="),
        (lambda: KS(min_rows=1.5), "min_rows="),
        (lambda: Decay("auc", drop=0.1), "metric="),
        (lambda: Decay("mine:cost", drop=0.1), "metric="),
        (lambda: Decay("roc_auc", drop=-1), "drop="),
        (lambda: Decay("roc_auc", drop=0.1, confirm=3, of=2), "of=2"),
        (lambda: Decay("roc_auc", drop=0.1, window="week"), "window="),
        (lambda: MaxAge("old"), "age="),
        (lambda: DataFault(far=2), "far="),
        (lambda: DataFault(sudden=0.5), "sudden="),
        (lambda: any_of(), "a condition needs"),
        (lambda: any_of("psi"), "when="),
        (lambda: at_least(3, PSI(), KS()), "at_least="),
        (lambda: triggered(window="0D"), "window="),
        (lambda: triggered(when="psi"), "when="),
        (lambda: triggered(when=any_of(PSI(), PSI(threshold=1))), "when: several triggers are called psi"),
        (lambda: triggered(max_age=None), "max_age="),
        (lambda: triggered(cooldown="100D"), "cooldown="),
        (lambda: triggered(budget=0), "budget="),
        (lambda: triggered(blind_after=0), "blind_after="),
        (lambda: triggered(when_blind="panic"), "when_blind="),
        (lambda: triggered(contract=PSI()), "contract="),
        (lambda: triggered(schedule="daily"), "schedule="),
        (lambda: continual(schedule="often"), "schedule="),
        (lambda: continual(schedule=15), "schedule="),
        (lambda: continual(replay=-0.1), "replay="),
        (lambda: continual(memory=0), "memory="),
        (lambda: continual(memory=0.9), "memory="),
        (lambda: continual(forgetting="none"), "forgetting="),
        (lambda: continual(periods=0), "periods="),
        (lambda: continual(recency="soon"), "recency="),
        (lambda: continual(rebase_every=1.5), "rebase_every="),
        (lambda: continual(keep=0), "keep="),
        (lambda: continual(grow=0), "grow="),
        (lambda: continual(min_rows=0), "min_rows="),
        (lambda: continual(when="drift"), "when="),
        (lambda: continual(when=any_of(PSI(), PSI(threshold=1))), "when: several triggers are called psi"),
        (lambda: continual(window="week"), "window="),
        (lambda: continual(train="0D"), "train="),
    ],
)
def test_a_wrong_strategy_or_source_names_its_field(make, named):
    with pytest.raises(DeclarationError, match=f"^{named}"):
        make()


@pytest.mark.parametrize(
    "one",
    [
        declared(),
        declared(source=Table("t", connection="pg", schema="s", event_time="at", label_time="known", timezone="UTC")),
        Periodic(schedule="0 6 * * 1", train="all", gate=Gate(floors={"roc_auc": 0.6}, slices=["origin"])),
        declared(metric="mine:cost_loss", task="classification"),
        triggered(when=at_least(2, PSI(critical=["hour"]), all_of(KS(), any_of(Decay("f1", drop=0.1), MaxAge("9D"))))),
        triggered(contract=DataFault(far=0.5), budget=3),
        continual(replay=0.5, recency="30D", when=any_of(PSI(), Decay("roc_auc", drop=0.02))),
        continual(schedule=OnAsset("orders", "s3://lake/orders")),
    ],
)
def test_declarations_survive_json(one):
    assert from_json(json.loads(json.dumps(to_json(one)))) == one


def test_an_airflow_asset_is_a_schedule_and_on_record_by_name_and_address():
    from airflow.sdk import Asset

    made = continual(schedule=Asset(name="orders", uri="s3://lake/orders"))
    assert from_json(json.loads(json.dumps(to_json(made)))).schedule == OnAsset("orders", "s3://lake/orders")


@pytest.mark.parametrize("wire", [{}, {"kind": "os"}, {"kind": "Gate", "x": 1}, {"kind": "Model"}, [], "Model"])
def test_malformed_json_is_refused(wire):
    with pytest.raises(DeclarationError):
        from_json(wire)


NAMES = st.sampled_from(["kind", "name", "tolerance", "floors", "schedule", "train", "path", "source"])


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda one: st.dictionaries(NAMES, one)))
def test_any_json_gives_a_declaration_or_a_declaration_error(wire):
    for kind in ("Gate", "Periodic", "Parquet", "Model"):
        wrapped = {**wire, "kind": kind} if isinstance(wire, dict) else wire
        try:
            made = from_json(wrapped)
        except DeclarationError:
            continue
        assert type(made).__name__ == kind


KINDS = {one.__name__: one for one in (
    Model, Parquet, Table, Expectations, Gate, Periodic, Triggered, Continual, PSI, KS, Decay, MaxAge, DataFault
)}  # fmt: skip
# What people write, right and wrong, where something is asked of them.
PLAUSIBLE = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 100), st.floats(-1, 2), st.floats(), st.text(max_size=5),
    st.sampled_from(["7D", "all", "@daily", "roc_auc", "m:f", "m:cost_loss", "UTC", "x", "0 6 * * *"]),
    st.lists(st.sampled_from(["x", "y"]), max_size=3), st.dictionaries(st.sampled_from(["roc_auc", "x"]), st.floats()),
    st.sampled_from([Parquet("x", event_time="at"), Gate(), PSI(), any_of(PSI(), KS()), DataFault(), Expectations()]),
)  # fmt: skip


@given(st.data())
def test_anything_declared_is_either_whole_or_a_declaration_error(data):
    name = data.draw(st.sampled_from(sorted(KINDS)))
    names = [one.name for one in fields(KINDS[name]) if one.init]
    values = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(names, PLAUSIBLE)))
    try:
        made = from_json({**values, "kind": name})
    except DeclarationError:
        return
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


def test_the_digest_changes_with_any_field():
    assert digest(declared()) == digest(declared())
    assert digest(declared()) != digest(declared(seed=1))


@given(st.integers(1, 10_000), st.sampled_from([("s", 1), ("min", 60), ("h", 3600), ("D", 86400), ("W", 604800)]))
def test_durations_are_number_times_unit(number, unit):
    assert parse_duration(f"{number}{unit[0]}", field="x") == timedelta(seconds=number * unit[1])


def test_windows_touch_and_end_at_the_label_horizon():
    as_of = datetime(2013, 4, 1, tzinfo=timezone.utc)
    windows = Periodic(schedule="@weekly", train="60D", holdout="14D").windows(declared(), as_of)
    assert windows.holdout.end == as_of - timedelta(days=1)
    assert windows.holdout.start == windows.train.end == as_of - timedelta(days=15)
    assert windows.train.start == as_of - timedelta(days=75)
    assert Periodic(schedule="@weekly", train="all").windows(declared(), as_of).train.start is None
