"""Real Airflow, real MLflow server, real backfills."""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime, timedelta, timezone

import psycopg
import pytest
from psycopg import sql

from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.version import Version, champion, versions
from tests.airflow.driving import CORRUPT, FIRST, WEEKS, begin, ended, finished, over, past_runs, states, unpause, until
from tests.conftest import events
from tests.postgres import PASSWORD, put

WIDTHS = (1, 4, 10)


def history(model: str) -> list[dict]:
    """What the tags say of each as-of time, in an order of its own: version numbers may differ."""
    told = ("as_of", "outcome", "data_digest", "trained_from", "trained_through", "promoted_as_of", "retired_as_of")
    numbers = {one.number: one.tags["as_of"] for one in versions(model)}

    def row(one: Version) -> dict:
        parent = one.tags.get("parent_version")
        return {tag: one.tags.get(tag) for tag in told} | {"parent": parent and numbers[int(parent)]}

    return sorted((row(one) for one in versions(model)), key=lambda row: row["as_of"])


@pytest.fixture(scope="module")
def histories(stack):
    """The three widths, beside one another, and the runs' states."""
    for width in WIDTHS:
        begin(stack, f"wide_{width}", width)
    return {width: (ended(stack, f"wide_{width}"), history(f"events-wide_{width}")) for width in WIDTHS}


def test_backfills_of_any_width_give_the_same_history(histories):
    assert histories[1] == histories[4] == histories[10]
    assert len(histories[1][1]) == WEEKS - 1
    promoted = [row["as_of"] for row in histories[1][1] if row["promoted_as_of"]]
    assert len(promoted) >= 2
    for width in WIDTHS:
        found = champion(f"events-wide_{width}")
        assert found is not None
        assert found.tags["as_of"] == promoted[-1]
        assert client().get_registered_model(f"events-wide_{width}").aliases["champion"] == str(found.number)


def test_a_corrupt_week_fails_alone_with_a_clear_message(stack, histories):
    runs = histories[10][0]
    bad = f"{CORRUPT + timedelta(weeks=1):%Y-%m-%d}"
    assert {day for day, state in runs.items() if state != "success"} == {bad}
    run = next(run for run in past_runs(stack, "wide_10") if run["data_interval_end"].startswith(bad))
    seen = states(stack, "wide_10", run["dag_run_id"])
    assert seen["check_data"] == "failed"
    assert seen["train"] == seen["validate"] == "upstream_failed"
    log = stack.api(
        "GET", f"dags/wide_10/dagRuns/{run['dag_run_id']}/taskInstances/check_data/logs/1?full_content=true"
    )
    assert "labels are missing" in json.dumps(log)
    assert "champion keeps serving" in json.dumps(log)


def test_a_refused_week_is_skipped_not_failed_with_its_reason_in_log_run_and_version(stack, histories):
    refused = [row for row in histories[4][1] if row["outcome"] == "refused"]
    assert refused
    run = next(run for run in past_runs(stack, "wide_4") if run["data_interval_end"][:10] == refused[0]["as_of"][:10])
    assert states(stack, "wide_4", run["dag_run_id"])["promote"] == "skipped"
    [version] = [one for one in versions("events-wide_4") if one.tags["as_of"] == refused[0]["as_of"]]
    reason = version.tags["reason"]
    assert reason.startswith("refused")
    assert client().get_run(version.run_id).data.tags["retrain.reason"] == reason
    log = stack.api("GET", f"dags/wide_4/dagRuns/{run['dag_run_id']}/taskInstances/promote/logs/1?full_content=true")
    assert reason in json.dumps(log, ensure_ascii=False)


def test_tasks_and_mlflow_runs_lead_to_each_other(stack, histories):
    run = past_runs(stack, "wide_4")[0]
    links = stack.api("GET", f"dags/wide_4/dagRuns/{run['dag_run_id']}/taskInstances/promote/links")["extra_links"]
    version = versions("events-wide_4")[0]
    assert links["MLflow run"].endswith(f"/runs/{version.run_id}")
    assert links["MLflow version"].endswith("/models/events-wide_4/versions/1")
    tags = client().get_run(version.run_id).data.tags
    assert tags["retrain.dag_run_url"] == f"{stack.airflow_url}/dags/wide_4/runs/{run['dag_run_id']}"


def test_only_promotions_are_announced_on_the_asset(stack, histories):
    found = stack.api("GET", "assets/events?limit=200&order_by=timestamp")["asset_events"]
    told = [one["extra"]["version"] for one in found if one.get("source_dag_id") == "wide_1"]
    assert told == [one.number for one in versions("events-wide_1") if one.promoted_as_of]


def test_clearing_everything_makes_no_second_version_and_no_second_promotion(stack, histories):
    before = versions("events-wide_4")
    for run in past_runs(stack, "wide_4")[:6]:
        body = {"dry_run": False, "only_failed": False}
        stack.api("POST", f"dags/wide_4/dagRuns/{run['dag_run_id']}/clear", body)
    until(lambda: over(stack, "wide_4") < WEEKS, 60)
    until(lambda: over(stack, "wide_4") == WEEKS, 600)
    assert versions("events-wide_4") == before
    assert client().get_registered_model("events-wide_4").aliases["champion"] == str(champion("events-wide_4").number)


def test_a_scheduled_run_decides_for_the_end_of_its_interval(stack):
    unpause(stack, "live")
    until(lambda: any(run["run_type"] == "scheduled" for run in stack.runs("live")), 120)
    run = next(run for run in stack.runs("live") if run["run_type"] == "scheduled")
    assert finished(stack, "live", run["dag_run_id"]) == "success"
    [version] = [one for one in versions("events-live") if one.tags["dag_run_id"] == run["dag_run_id"]]
    assert version.promoted_as_of == datetime.fromisoformat(run["data_interval_end"])


@pytest.mark.parametrize("dated", ["with a date", "without a date", "with as_of"])
def test_a_manual_run_works(stack, dated):
    now = datetime.now(timezone.utc).replace(microsecond=0)
    as_of = now - timedelta(days=9)
    asked = {
        "with a date": {"logical_date": (now - timedelta(hours=1)).isoformat()},
        "without a date": {"logical_date": None},
        "with as_of": {"logical_date": None, "conf": {"as_of": as_of.isoformat(), "force": True}},
    }[dated]
    run_id = stack.api("POST", "dags/live/dagRuns", asked)["dag_run_id"]
    unpause(stack, "live")
    assert finished(stack, "live", run_id) == "success"
    [version] = [one for one in versions("events-live") if one.tags["dag_run_id"] == run_id]
    decided = datetime.fromisoformat(version.tags["as_of"])
    assert decided == as_of if dated == "with as_of" else abs(decided - now) < timedelta(days=2)


def test_dags_test_runs_the_whole_dag_in_one_process(stack):
    day = datetime.now(timezone.utc) - timedelta(days=5)
    done = stack.airflow("dags", "test", "live", f"{day:%Y-%m-%d}")
    assert "state=success" in done.stdout + done.stderr
    # The interval ends where the day named begins: it was given as the moment to run, not as the interval's start.
    assert any(one.tags["as_of"].startswith(f"{day:%Y-%m-%d}T00:00") for one in versions("events-live"))


def test_a_users_own_dag_retrains_from_a_database_in_date_order(stack, postgres):
    put(events(days=90), postgres)
    begin(stack, "own", weeks=4)
    assert set(ended(stack, "own", weeks=4).values()) == {"success"}
    history = sorted(versions("events-own"), key=lambda one: one.number)
    assert [one.tags["as_of"] for one in history] == sorted(one.tags["as_of"] for one in history)
    assert len(history) == 4
    # Each met the champion of its time, which the run before had decided on.
    served = None
    for one in history:
        assert one.tags.get("parent_version") == served
        served = str(one.number) if one.promoted_as_of else served


def test_a_task_killed_while_it_trains_is_done_again_and_leaves_one_version(stack):
    as_of = FIRST + timedelta(weeks=1)
    asked = {"logical_date": None, "conf": {"as_of": as_of.isoformat()}}
    unpause(stack, "killed")
    run_id = stack.api("POST", "dags/killed/dagRuns", asked)["dag_run_id"]
    note = stack.cwd / "stalled"
    until(lambda: note.exists() and note.read_text(), 120)
    os.kill(int(note.read_text()), signal.SIGKILL)
    assert finished(stack, "killed", run_id) == "success"
    tried = stack.api("GET", f"dags/killed/dagRuns/{run_id}/taskInstances/train")["try_number"]
    assert tried == 2
    [version] = [one for one in versions("events-killed") if one.tags["dag_run_id"] == run_id]
    assert champion("events-killed").number == version.number
    done = [run for run in runs("events-killed") if run.data.tags["retrain.dag_run_id"] == run_id]
    assert [run.info.status for run in done] == ["FINISHED"]


def test_no_password_is_in_any_log_tag_artifact_or_xcom(stack, histories, postgres):
    """The source's password went through the DAG of a user's own, the database's through every process."""
    files = [path for path in stack.home.rglob("*") if path.is_file()]
    assert any("dag_id=own" in path.parts and path.suffix == ".log" for path in files)
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []
    with psycopg.connect(postgres) as to:
        tables = to.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        assert ("xcom",) in tables
        for (table,) in tables:
            asked = sql.SQL("select count(*) from {0} as one where one::text like {1}")
            found = to.execute(asked.format(sql.Identifier(table), sql.Literal(f"%{PASSWORD}%"))).fetchone()
            assert found == (0,), table
