"""Updates through a real scheduler."""

from __future__ import annotations

import json
import os
import signal
from datetime import timedelta

import pytest

from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.version import champion, champions, versions
from retrain_plugin.workflow import update
from tests.airflow.dags.continual import model, weekly
from tests.airflow.driving import FIRST, begin, ended, finished, past_runs, states, unpause, until
from tests.workflow.test_update import chain

WEEK = timedelta(weeks=1)


def of_this_past(name: str) -> list[tuple]:
    """Unpausing also starts a run for the present week, which has no data."""
    return [one for one in chain(name) if one[0].startswith("2024")]


@pytest.fixture(scope="module")
def filled(stack):
    """Six weeks, all of them begun at once, and beside them three of another DAG."""
    begin(stack, "continual", weeks=6)
    begin(stack, "aged", weeks=3)
    return ended(stack, "continual", weeks=6)


def test_a_backfill_ten_at_once_gives_the_chain_that_plain_python_gives_in_order(stack, filled, monkeypatch):
    assert set(filled.values()) == {"success"}
    monkeypatch.chdir(stack.cwd)
    monkeypatch.syspath_prepend(os.path.join(os.path.dirname(__file__), "dags"))
    alone = model("continual-alone")
    for week in range(6):
        update(alone, weekly, as_of=FIRST + (week + 1) * WEEK)
    found = of_this_past("events-continual")
    assert found == chain("events-continual-alone")
    assert [step for _, step, *_ in found].count("update") >= 2
    assert [step for _, step, *_ in found].count("rebase") >= 1


def test_a_cleared_update_changes_nothing(stack, filled):
    before = of_this_past("events-continual")
    run = past_runs(stack, "continual")[2]
    stack.api("POST", f"dags/continual/dagRuns/{run['dag_run_id']}/clear", {"dry_run": False})
    until(lambda: states(stack, "continual", run["dag_run_id"])["update"] not in ("success", "skipped"), 60)
    assert finished(stack, "continual", run["dag_run_id"]) == "success"
    assert of_this_past("events-continual") == before


def test_an_update_killed_while_it_learns_is_made_once(stack):
    unpause(stack, "killed_update")
    note, ids = stack.cwd / "stalled_update", []

    def start(week: int) -> None:
        asked = {"logical_date": None, "conf": {"as_of": (FIRST + week * WEEK).isoformat()}}
        ids.append(stack.api("POST", "dags/killed_update/dagRuns", asked)["dag_run_id"])

    start(1)
    assert finished(stack, "killed_update", ids[0]) == "success"
    start(2)
    until(lambda: note.exists() and note.read_text(), 120)
    os.kill(int(note.read_text()), signal.SIGKILL)
    assert finished(stack, "killed_update", ids[1]) == "success"
    tried = stack.api("GET", f"dags/killed_update/dagRuns/{ids[1]}/taskInstances/update")["try_number"]
    assert tried == 2
    [made] = [one for one in versions("events-killed-update") if one.tags["dag_run_id"] == ids[1]]
    assert (made.tags["step"], champion("events-killed-update").number) == ("update", made.number)
    done = [run for run in runs("events-killed-update") if run.data.tags["retrain.dag_run_id"] in ids]
    assert [run.info.status for run in done] == ["FINISHED", "FINISHED"]


def test_triggers_ask_for_a_rebase_and_stand_before_the_update(stack, filled):
    assert set(ended(stack, "aged", weeks=3).values()) == {"success"}
    assert [step for _, step, *_ in of_this_past("events-aged")] == ["rebase", "update", "rebase"]
    third = sorted(past_runs(stack, "aged"), key=lambda run: run["data_interval_end"])[2]
    assert states(stack, "aged", third["dag_run_id"]) == {
        "previous_run": "success", "data_fault": "success", "max_age": "success", "update": "success",
    }  # fmt: skip


def test_an_update_starts_when_data_land_and_is_skipped_where_nothing_is_new(stack):
    unpause(stack, "landed")
    unpause(stack, "landing")

    def land_and_wait(count: int) -> dict[str, str]:
        stack.api("POST", "dags/landing/dagRuns", {"logical_date": None})
        until(lambda: len(stack.runs("landed")) == count, 120)
        run = sorted(stack.runs("landed"), key=lambda one: one["run_after"])[-1]
        assert finished(stack, "landed", run["dag_run_id"]) == "success"
        return states(stack, "landed", run["dag_run_id"])

    assert land_and_wait(1)["update"] == "success"
    assert champion("events-landed").tags["step"] == "rebase"
    assert land_and_wait(2)["update"] == "skipped"
    assert len(versions("events-landed")) == 1


def told(stack, *arguments: str) -> str:
    return stack.airflow("retrain", *arguments).stdout


def test_people_roll_back_pause_and_promote_by_the_command_line(stack):
    """After the test above there are a full fit and an update of it, which serves."""
    name, person = "events-killed-update", ("--by", "ada", "--reason", "it looks wrong")
    base, updated = (one.number for one in champions(versions(name)))
    assert f"v{base} of {name} serves again" in told(stack, "rollback", name, *person)
    assert champion(name).number == base
    events = stack.api("GET", "assets/events?order_by=-timestamp&limit=100")["asset_events"]
    assert any(one["extra"].get("version") == base and one["extra"].get("reason") == person[3] for one in events)

    listed = json.loads(told(stack, "history", name, "--output", "json"))
    assert [(one["version"], one["by"], one["why"]) for one in listed if one["retired"]] == [
        (str(updated), "ada", "it looks wrong")
    ]
    assert "promotion is paused" in told(stack, "pause", name, *person)
    [status] = json.loads(told(stack, "status", name, "--output", "json"))
    assert (status["champion"], "by ada" in status["paused"]) == (f"v{base}", True)
    asked = {"logical_date": None, "conf": {"as_of": (FIRST + 4 * WEEK).isoformat()}}
    run = stack.api("POST", "dags/killed_update/dagRuns", asked)["dag_run_id"]
    assert finished(stack, "killed_update", run) == "success"
    assert states(stack, "killed_update", run)["update"] == "skipped"
    told(stack, "resume", name, *person)

    assert "a copy of" in told(stack, "promote", name, str(updated), *person)
    assert champion(name).tags["restored_from"] == str(updated)
    unknown = stack.airflow("retrain", "promote", name, "99", *person, check=False)
    assert (unknown.returncode, "has no version 99" in unknown.stderr) == (1, True)
    assert name in told(stack, "status")
