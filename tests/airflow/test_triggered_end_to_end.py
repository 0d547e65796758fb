"""Checks, decisions and sensors through a real scheduler."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta

import pytest

from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.version import champion, versions
from retrain_plugin.workflow import check, retrain
from tests.airflow.dags.triggered import drifting as strategy
from tests.airflow.dags.triggered import model
from tests.airflow.driving import FIRST, begin, ended, over, past_runs, states, unpause, until

WEEK = timedelta(weeks=1)


def decisions(name: str) -> list[tuple[str, str, str]]:
    found = [{key.removeprefix("retrain."): value for key, value in run.data.tags.items()} for run in runs(name)]
    alive = [one for one in found if "superseded_by" not in one and one["strategy"] == "triggered"]
    # Unpausing also starts a run for the present week, which has no data.
    past = [one for one in alive if one["as_of"].startswith("2024")]
    return sorted((one["as_of"][:10], one["decision"], one["outcome"]) for one in past)


def of_week(stack, dag_id: str, week: int) -> dict:
    day = f"{FIRST + (week + 1) * WEEK:%Y-%m-%d}"
    return next(run for run in past_runs(stack, dag_id) if run["data_interval_end"].startswith(day))


def log_of(stack, dag_id: str, week: int, task: str, attempt: int = 1) -> str:
    run = of_week(stack, dag_id, week)["dag_run_id"]
    log = stack.api("GET", f"dags/{dag_id}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}?full_content=true")
    return json.dumps(log, ensure_ascii=False)


WEEKS_OF = {"drifting": 6, "unlabelled": 4, "deaf": 5, "held": 3}


@pytest.fixture(scope="module", autouse=True)
def begun(stack):
    """All backfills are begun at once: for the most part they wait."""
    for dag_id, weeks in WEEKS_OF.items():
        begin(stack, dag_id, weeks=weeks)


@pytest.fixture(scope="module")
def drifted(stack):
    """Six weeks, the third of which drifts."""
    return ended(stack, "drifting", WEEKS_OF["drifting"])


def test_a_backfill_ten_at_once_decides_what_plain_python_decides_in_order(stack, drifted, monkeypatch):
    assert set(drifted.values()) == {"success"}
    monkeypatch.chdir(stack.cwd)
    monkeypatch.syspath_prepend(os.path.join(os.path.dirname(__file__), "dags"))
    alone = model("alone")
    for week in range(6):
        as_of = FIRST + (week + 1) * WEEK
        if check(alone, strategy, as_of=as_of).action == "retrain":
            retrain(alone, strategy, as_of=as_of)
    found = decisions("events-drifting")
    assert found == decisions("events-alone")
    assert [decision for _, decision, _ in found].count("retrain") in range(2, 5)
    assert [decision for _, decision, _ in found].count("keep") >= 2
    assert champion("events-drifting").tags["as_of"] == champion("events-alone").tags["as_of"]


def test_what_is_kept_is_skipped_not_failed_and_why_can_be_read(stack, drifted):
    kept = next(week for week, one in enumerate(decisions("events-drifting")) if one[1] == "keep")
    run = of_week(stack, "drifting", kept)
    seen = states(stack, "drifting", run["dag_run_id"])
    assert {seen[task] for task in ("check_data", "train", "validate", "promote", "hold")} == {"skipped"}
    assert {seen[task] for task in ("data_fault", "psi", "ks", "decay_roc_auc", "max_age", "decide")} == {"success"}
    told = stack.api("GET", f"dags/drifting/dagRuns/{run['dag_run_id']}/taskInstances/decide/xcomEntries/return_value")[
        "value"
    ]
    told = told if isinstance(told, dict) else json.loads(told)
    assert (told["decision"], bool(told["reason"])) == ("keep", True)
    assert "keep: " in log_of(stack, "drifting", kept, "decide")


def test_the_drift_is_answered_by_a_retrain(stack, drifted):
    fired = [run for run in runs("events-drifting") if run.data.tags.get("retrain.verdict.psi") == "fired"]
    assert fired
    assert fired[-1].data.tags["retrain.decision"] == "retrain"
    assert "PSI of x" in fired[-1].data.tags["retrain.asked_because"]


def test_a_sensor_cleared_records_one_check(stack, drifted):
    count = len(runs("events-drifting"))
    run = of_week(stack, "drifting", 1)["dag_run_id"]
    stack.api("POST", "dags/drifting/clearTaskInstances", {
        "dry_run": False, "dag_run_id": run, "task_ids": ["psi", "decide"], "only_failed": False})  # fmt: skip
    until(lambda: over(stack, "drifting") < 6, 60)
    until(lambda: over(stack, "drifting") == 6, 120)
    assert len(runs("events-drifting")) == count


def test_labels_too_few_to_say_anything_are_an_alarm_after_the_declared_number(stack):
    ended(stack, "unlabelled", WEEKS_OF["unlabelled"])
    assert [decision for _, decision, _ in decisions("events-unlabelled")] == ["retrain", "keep", "retrain", "keep"]
    assert len(versions("events-unlabelled")) == 2


def test_a_trigger_that_never_works_is_outlived_by_max_age(stack):
    ended(stack, "deaf", WEEKS_OF["deaf"])
    found = decisions("events-deaf")
    assert [decision for _, decision, _ in found] == ["retrain", "keep", "keep", "retrain", "keep"]
    assert {run.data.tags["retrain.verdict.psi"] for run in runs("events-deaf")} <= {"error", "insufficient"}


def test_broken_data_fail_a_visible_task_until_a_person_accepts_them(stack):
    states_of_runs = ended(stack, "held", WEEKS_OF["held"])
    assert [state for _, state in sorted(states_of_runs.items())] == ["success", "success", "failed"]
    assert decisions("events-held")[-1][1:] == ("hold", "held")
    run = of_week(stack, "held", 2)["dag_run_id"]
    seen = states(stack, "held", run)
    assert (seen["hold"], seen["check_data"]) == ("failed", "skipped")
    assert "missing or infinite" in log_of(stack, "held", 2, "hold")
    said = stack.airflow("retrain", "accept", "events-held", "--reason", "switched off for good", "--by", "ada").stdout
    assert "x (missing)" in said
    stack.api("POST", f"dags/held/dagRuns/{run}/clear", {"dry_run": False, "only_failed": False})
    until(lambda: over(stack, "held") < 3, 60)
    until(lambda: over(stack, "held") == 3, 180)
    assert decisions("events-held")[-1][1] != "hold"
    again = stack.airflow("retrain", "accept", "events-held", "--reason", "again", check=False)
    assert again.returncode != 0
    assert "nothing to accept" in again.stderr


def test_the_drill_passes_on_a_schedule_and_from_the_command_line(stack, drifted):
    as_of = (FIRST + 3 * WEEK).isoformat()
    unpause(stack, "drill")
    run = stack.api("POST", "dags/drill/dagRuns", {"logical_date": None, "conf": {"as_of": as_of}})["dag_run_id"]
    until(lambda: stack.api("GET", f"dags/drill/dagRuns/{run}")["state"] in ("success", "failed"), 120)
    assert stack.api("GET", f"dags/drill/dagRuns/{run}")["state"] == "success"
    said: subprocess.CompletedProcess[str] = stack.airflow("retrain", "selftest", "events-drifting", "--as-of", as_of)
    assert "ok     psi, two halves of the same rows: quiet" in said.stdout
    unknown = stack.airflow("retrain", "selftest", "nobody", check=False)
    assert unknown.returncode != 0
    assert "'nobody' was never checked" in unknown.stderr


def test_sensors_of_ones_own_wait_fire_and_give_up_as_sensors_do(stack, drifted):
    begin(stack, "sensors", weeks=2)
    ended(stack, "sensors", weeks=2)
    run = of_week(stack, "sensors", 1)["dag_run_id"]
    seen = states(stack, "sensors", run)
    assert seen == {"drift": "skipped", "drift_deferred": "skipped", "known": "success", "age": "success"}
    told = stack.api("GET", f"dags/sensors/dagRuns/{run}/taskInstances/drift/xcomEntries/verdict")["value"]
    told = told if isinstance(told, dict) else json.loads(told)
    assert told["state"] == "quiet"
