"""The Retraining page inside Airflow's UI, as people see it and act on it."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from mlflow.tracking import MlflowClient

from demo.browser import PHONE, WIDE, chromium, visiting
from retrain_plugin.registry.intervene import paused
from retrain_plugin.registry.version import champion, champions, own_tags, versions
from retrain_plugin.workflow import check, retrain
from retrain_plugin.workflow.selftest import selftest
from tests.airflow.dags.triggered import drifting, model
from tests.airflow.driving import FIRST, finished, unpause, until

WEEK = timedelta(weeks=1)
NAME = "events-page"
HTML = "<img src=x onerror=alert(1)><b>bold</b>"


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def shown(stack):
    """Seven weeks of checks, of which some asked for a retrain, and a drill."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(stack.cwd)
        patch.syspath_prepend(str(Path(__file__).parent / "dags"))
        for week in range(7):
            as_of = FIRST + (week + 1) * WEEK
            about = {"dag_id": "page", "dag_run_id": f"backfill__{as_of.isoformat()}"}
            decision = check(model("page"), drifting, as_of=as_of, **about)
            if decision.action == "retrain":
                retrain(model("page"), drifting, as_of=as_of, **about)
        selftest(model("page"), drifting, as_of=FIRST + 7 * WEEK, dag_id="page_drill")
    assert len(champions(versions(NAME))) >= 2
    unpause(stack, "page")
    return stack


def as_admin(browser, stack, **look):
    return visiting(browser, stack, "admin", stack.passwords["admin"], **look)


def inside(page):
    """What Airflow's page has in its frame."""
    return next(one for one in page.frames if one.parent_frame is not None)


def opened(page, stack, asked: str = ""):
    """The page inside Airflow's frame; the frame shows whatever is asked for."""
    page.goto(f"{stack.airflow_url}/plugin/retraining")
    frame = page.frame_locator("iframe")
    frame.locator(".card, .bar, [role=alert]").first.wait_for()
    if asked:
        inside(page).goto(f"{stack.airflow_url}/retrain/?{asked}")
        frame.locator("h2:has-text('Versions'), [role=alert]").first.wait_for()
    return frame


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_both_pages_fit_and_look_like_their_host(browser, shown, tmp_path, size, theme):
    with as_admin(browser, shown, size=size, theme=theme) as page:
        for name, asked in (("overview", ""), ("model", f"model={NAME}")):
            frame = opened(page, shown, asked)
            page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
            inner = inside(page)
            wide, room = inner.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert wide <= room, f"{name} is {wide} pixels wide and has {room}"
            assert inner.evaluate("document.documentElement.dataset.theme") == theme
            ground = inner.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (ground == "rgb(17, 17, 17)") == (theme == "dark")
            assert frame.locator("h1").inner_text() == ("Retraining" if name == "overview" else NAME)


def test_the_model_page_tells_what_happened(browser, shown):
    with as_admin(browser, shown) as page:
        frame = opened(page, shown, f"model={NAME}")
        serving = champion(NAME)
        assert f"champion v{serving.number}" in frame.locator("header").inner_text()
        assert frame.locator("svg[role=img]").count() >= 1
        assert frame.locator("tr.serving td").first.inner_text().startswith(f"v{serving.number}")
        outcomes = frame.locator("td .badge").all_inner_texts()
        assert sum("promoted" in one for one in outcomes) == len(champions(versions(NAME)))
        # By keyboard alone: to the newest check of a feature, and its rows appear.
        cell = frame.locator("rect.heat[tabindex='0']").first
        cell.focus()
        page.keyboard.press("Enter")
        frame.locator("rect.theirs").first.wait_for(state="attached")
        assert frame.locator("rect.ours").count() == frame.locator("rect.theirs").count() > 4
        frame.locator("#within").fill("2024-03")
        frame.get_by_role("button", name="Show").click()
        frame.get_by_role("link", name="the newest").wait_for()
        dates = [row.split("\t")[0] for row in frame.locator("table").first.locator("tbody tr").all_inner_texts()]
        assert dates
        assert all(one.startswith("2024-03") for one in dates)


def test_links_lead_out_of_the_frame(browser, shown):
    with as_admin(browser, shown) as page:
        frame = opened(page, shown, f"model={NAME}")
        with page.context.expect_page() as other:
            frame.get_by_role("link", name="MLflow").first.click()
        other.value.wait_for_url(f"{shown.mlflow_url}/**")
        other.value.close()
        frame.get_by_role("link", name="page", exact=True).click()
        page.wait_for_url(f"{shown.airflow_url}/dags/page**")


def test_our_dags_have_a_tab_and_others_are_told(browser, shown):
    with as_admin(browser, shown) as page:
        for dag_id, said in (("page", NAME), ("landing", "No retraining here")):
            page.goto(f"{shown.airflow_url}/dags/{dag_id}/plugin/retraining-of-dag")
            page.frame_locator("iframe").locator(f"h1:has-text('{said}')").wait_for()


def act(page, frame, name: str, reason: str) -> str:
    frame.get_by_role("button", name=name, exact=True).click()
    dialog = frame.locator("dialog")
    dialog.get_by_label("Why?").fill(reason)
    dialog.get_by_role("button", name=name, exact=True).click()
    frame.locator("[role=status]").wait_for()
    return frame.locator("[role=status]").inner_text()


def test_people_act_once_they_were_asked_and_have_said_why(browser, shown):
    with as_admin(browser, shown) as page:
        frame = opened(page, shown, f"model={NAME}")
        frame.get_by_role("button", name="Pause promotion").focus()
        page.keyboard.press("Enter")
        frame.locator("dialog").wait_for()
        page.keyboard.press("Escape")
        frame.locator("dialog").wait_for(state="detached")
        assert paused(NAME) is None
        assert "paused" in act(page, frame, "Pause promotion", HTML)
        assert (paused(NAME).by, paused(NAME).reason) == ("admin", HTML)
        # What people wrote is text and nothing else.
        assert HTML in frame.locator(".attention").inner_text()
        assert frame.locator("main img, main b:has-text('bold')").count() == 0
        act(page, frame, "Resume promotion", "enough")
        assert paused(NAME) is None

        before = champion(NAME).number
        former = champions(versions(NAME))[-2].number
        assert f"v{former} serves again" in act(page, frame, "Roll back", "it looks wrong")
        assert champion(NAME).number == former
        assert next(one for one in versions(NAME) if one.number == before).tags["retired_by"] == "admin"

        said = act(page, frame, "Retrain now", "a new carrier")
        run_id = said.split(": ")[1]
        run = shown.api("GET", f"dags/page/dagRuns/{run_id}")
        assert (run["conf"]["asked_by"], run["conf"]["force"]) == ("admin", True)
        assert run["note"] == "admin: a new carrier"
        assert finished(shown, "page", run_id) in ("success", "failed")


def test_the_command_starts_follows_and_fetches_the_report(shown):
    as_of = (FIRST + 8 * WEEK).isoformat()
    asked = ("--as-of", as_of, "--by", "ada", "--reason", "by hand", "--output", "json")
    done = shown.airflow("retrain", "run", NAME, *asked, check=False)
    [told] = json.loads(done.stdout)
    assert (told["dag_id"], told["as_of"]) == ("page", as_of)
    assert told["outcome"] in ("promoted", "refused")
    assert done.returncode == {"promoted": 0, "refused": 3}[told["outcome"]]
    assert "train: success" in done.stderr
    tags = own_tags(MlflowClient().get_run(told["mlflow_run_id"]).data.tags)
    assert (tags["asked_by"], tags["asked_for"]) == ("ada", "by hand")
    written = shown.cwd / "report.html"
    shown.airflow("retrain", "report", NAME, "--as-of", as_of[:10], "--to", str(written))
    assert "Every check" in written.read_text()
    for wrong, said in (
        (("update", NAME), "has no continual DAG to update"),
        (("check", NAME, "--dag-id", "nothing"), "has no DAG 'nothing'"),
        (("report", "nobody"), "has no decision on record"),
        (("report", NAME, "--as-of", "june"), "must be the beginning of a date"),
    ):
        failed = shown.airflow("retrain", *wrong, check=False)
        assert (failed.returncode, said in failed.stderr) == (1, True), failed.stderr[-500:]


def test_who_may_only_look_sees_no_button_and_is_refused(browser, shown):
    with visiting(browser, shown, "vera", shown.passwords["vera"]) as page:
        frame = opened(page, shown, f"model={NAME}")
        assert frame.locator("[data-act]").count() == 0
    token = shown.token("vera", shown.passwords["vera"])
    at = f"{shown.airflow_url}/retrain/api/models/{NAME}"
    headers = {"Authorization": f"Bearer {token}", "X-Requested-With": "retraining-page"}
    assert requests.get(at, headers=headers, timeout=30).status_code == 200
    assert requests.get(at, timeout=30).status_code == 401
    for name in ("run", "check", "drill", "rollback", "pause", "resume"):
        answer = requests.post(f"{at}/acts/{name}", json={"reason": "r"}, headers=headers, timeout=30)
        assert answer.status_code == 403, name


def test_a_silent_mlflow_is_said_within_three_seconds_and_comes_back_by_itself(browser, shown):
    server = next(one for one in shown.processes if "mlflow" in str(one.args))
    with as_admin(browser, shown, expected="503") as page:
        frame = opened(page, shown)
        os.killpg(server.pid, signal.SIGSTOP)
        try:
            asked = time.monotonic()
            frame.get_by_role("button", name="Refresh").click()
            frame.locator("[role=alert]").wait_for(timeout=10_000)
            waited = time.monotonic() - asked
            assert "does not answer" in frame.locator("[role=alert]").inner_text()
        finally:
            os.killpg(server.pid, signal.SIGCONT)
        assert waited < 3
        frame.locator(".card").first.wait_for(timeout=30_000)
    until(lambda: champion(NAME) is not None, 60)
