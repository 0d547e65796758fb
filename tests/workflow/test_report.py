"""The report that every decision leaves, the cards of versions, and the notes that explain the tags."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest

import retrain_plugin.workflow.report as report_module
from retrain_plugin import KS, PSI, Continual, Decay, Gate, Triggered, any_of
from retrain_plugin.registry.attempt import runs, text
from retrain_plugin.registry.connect import REPORT, client
from retrain_plugin.registry.version import versions
from retrain_plugin.workflow import check, retrain, update
from tests.conftest import AS_OF, events, weeks, write

pytestmark = pytest.mark.usefixtures("mlflow_here")
WEEK = timedelta(weeks=1)
GATE = Gate(resamples=50, min_rows=50, slices=["kind"], min_slice_rows=30)
WATCHED = Triggered(
    schedule="@daily", window="7D", when=any_of(PSI(), KS(), Decay("roc_auc", drop=0.05, min_rows=100)), max_age="90D",
    train="30D", holdout="7D", gate=GATE,
)  # fmt: skip


def headings(html: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", html)


def written(run_id: str) -> str:
    html = text("events", run_id, REPORT)
    # It opens in MLflow's viewer, which loads nothing from anywhere and runs no script.
    assert not re.search(r"<script|<link|<iframe|src=|url\(|https?:", html)
    return html


def test_a_retrains_report_has_gate_slices_calibration_confusion_and_cost(model, strategy):
    sliced = replace(strategy, gate=GATE)
    first, second = (retrain(model, sliced, as_of=one) for one in weeks(2))
    for done in (first, second):
        html = written(done.run_id)
        assert f"events as of {done.as_of:%Y-%m-%d %H:%M} UTC" in html
        assert {"What was asked", "What was seen", "Every check", "What it cost"} <= set(headings(html))
        assert any(one.startswith("How good the predictions are: challenger") for one in headings(html))
        assert "Calibration" in html
        assert "Confusion" in html
        assert ("promoted" if done.promoted else "refused") in re.search("<h1>.*?</h1>", html)[0]
    assert "kind = red" in written(second.run_id)
    assert "right of the line is better" in written(second.run_id)


def test_a_regressions_report_has_residuals(model, strategy):
    numbers = replace(
        model, target="value", metric="rmse", estimator="tests.estimators:regression_trees", task="regression"
    )
    html = written(retrain(numbers, strategy, as_of=AS_OF).run_id)
    assert "Residuals, truth minus prediction" in html
    assert "Calibration" not in html


def test_a_checks_report_has_every_verdict_with_its_numbers_and_the_worst_features(model, folder):
    frame = events()
    late = frame["at"] >= pd.Timestamp(AS_OF)
    write(folder, frame.assign(x=frame["x"].where(~late, frame["x"] * 0.3 + 1.5)))
    retrain(model, WATCHED, as_of=AS_OF)
    decision = check(model, WATCHED, as_of=AS_OF + WEEK)
    assert decision.action == "retrain"
    done = retrain(model, WATCHED, as_of=AS_OF + WEEK)
    html = written(done.run_id)
    assert {"What the triggers say", "Every check"} <= set(headings(html))
    for verdict in decision.verdicts:
        assert f"<td>{verdict.trigger}</td>" in html
    assert html.count("<svg") >= 3, "the gate's two, and the histogram of what moved"
    assert "<h2>x</h2>" in html


def test_an_updates_report_has_the_scores_of_all_updates(model):
    learning = Continual(
        schedule="@daily",
        replay=0.5,
        memory=0.2,
        forgetting=0.5,
        train="30D",
        holdout="7D",
        gate=replace(GATE, tolerance=1),
    )
    online = replace(model, estimator="tests.estimators:online")
    done = [update(online, learning, as_of=AS_OF + timedelta(days=day)) for day in range(3)]
    html = written(done[-1].run_id)
    assert "roc_auc over the last 3 updates" in html
    assert "memory set" in html
    # What it learnt, not what a full training would have been given.
    first = written(done[0].run_id)
    asked = re.search("What was asked.*?<details>", html)[0]
    assert "<th>holdout</th>" in first
    assert "<th>holdout</th>" not in asked
    learnt = re.search("<th>learnt from rows since</th><td>(.*?)</td></tr><tr><th>and before</th><td>(.*?)</td>", html)
    assert "<th>judged against</th><td>v2</td>" in html
    assert [datetime.fromisoformat(one) for one in learnt.groups()] == [AS_OF, AS_OF + timedelta(days=1)]


def test_a_picture_that_cannot_be_drawn_undoes_nothing(model, strategy, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(report_module, "gate_section", broken)
    done = retrain(model, strategy, as_of=AS_OF)
    assert done.promoted
    assert REPORT not in {one.path for one in client().list_artifacts(done.run_id)}


def test_what_people_wrote_stays_text(model, strategy):
    done = retrain(model, strategy, as_of=AS_OF, dag_run_id="<b>bold</b>")
    assert "<b>bold</b>" not in written(done.run_id)
    assert "&lt;b&gt;bold&lt;/b&gt;" in written(done.run_id)


def test_mlflows_own_pages_explain_experiment_model_and_version(model, strategy):
    done = retrain(model, strategy, as_of=AS_OF)
    note = client().get_experiment_by_name("events").tags["mlflow.note.content"]
    about = client().get_registered_model("events").description
    [version] = versions("events")
    card = client().get_model_version("events", str(version.number)).description
    assert card.startswith(f"**{done.reason}**")
    assert "| features | x, noise, kind |" in card
    [run] = runs("events")
    explained = set(re.findall(r"`retrain\.([a-z_]+)", note + about))
    used = {
        name.removeprefix("retrain.").split(".")[0]
        for name in {**run.data.tags, **{f"retrain.{k}": "" for k in version.tags}}
    }
    assert {"as_of", "decision", "outcome", "reason", "promoted_as_of", "trained_through"} <= explained & used
