"""Who gets what answer from every address of the page."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route

from retrain_plugin.registry import intervene
from retrain_plugin.registry.version import champion
from retrain_plugin.web.access import SENT_BY_PAGE
from retrain_plugin.web.app import app
from retrain_plugin.workflow import retrain
from tests.conftest import AS_OF, weeks
from tests.web.conftest import DAG

RUN_ID = "0" * 32
VALUES = {"model": "events", "run_id": RUN_ID, "dag_id": DAG.dag_id, "name": "app.js", "act": "pause"}
FOUND = [
    (method, route.path) for route in app.routes if isinstance(route, Route) for method in route.methods - {"HEAD"}
]
ROUTES = [(method, re.sub(r"{(\w+)(:\w+)?}", lambda found: VALUES[found[1]], path)) for method, path in FOUND]
OF_A_MODEL = [path for _, path in ROUTES if path.startswith("/api/models/")]
WHY = {"reason": "I say so"}


def test_there_are_no_routes_but_these():
    """A route that FastAPI adds by itself has none of our dependencies."""
    assert len(ROUTES) == len(app.routes) == 8


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_gets_anything_without_a_login(visitor, rights, method, path):
    assert visitor.request(method, path, json=WHY, headers={"X-Requested-With": SENT_BY_PAGE}).status_code == 401
    assert visitor.request(method, path, json=WHY, headers={"Authorization": "Bearer forged"}).status_code == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_gets_anything_without_the_right_to_look(ada, rights, method, path):
    rights.look = False
    answer = ada.request(method, path, json=WHY)
    assert (answer.status_code, answer.json()["detail"]) == (403, "Forbidden")


@pytest.mark.parametrize("path", OF_A_MODEL)
def test_a_model_is_hidden_from_whoever_may_not_see_its_dags(ada, rights, mlflow_here, path):
    rights.dags.clear()
    answer = ada.post(path, json=WHY) if path.endswith("/pause") else ada.get(path)
    assert answer.status_code == 403
    assert "may not see the DAGs of model 'events'" in answer.json()["detail"]
    assert ada.get("/api/models").json() == {"models": []}
    assert ada.get(f"/api/dags/{DAG.dag_id}").json() == {"model": None}


def test_another_sites_page_cannot_act(ada, rights, mlflow_here, started):
    rights.dags |= {("POST", DAG.dag_id), ("PUT", DAG.dag_id)}
    # What a form of another site makes a browser send: the cookie, and no header of its own.
    del ada.headers["X-Requested-With"]
    for act in ("run", "pause"):
        assert ada.post(f"/api/models/events/acts/{act}", json=WHY).status_code == 403
    assert started == []


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(ada):
    answer = ada.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"https?://|<style|style=|onclick|<script(?![^>]*src=)", answer.text)
    for asked in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert ada.get(f"/{asked}").status_code == 200
    assert ada.get("/page/secrets.json").status_code == 422
    assert ada.get("/page/nothing.js").status_code == 404


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("models/a'b", 422, "pattern"),
        ("models/nobody", 404, "neither MLflow nor Airflow knows a model 'nobody'"),
        ("models/events/decisions?most=0", 422, "greater than or equal to 1"),
        ("models/events/decisions?most=1001", 422, "less than or equal to 1000"),
        ("models/events/decisions?within=june", 422, "must be the beginning of a date"),
        ("models/events/decisions?within=2024%25", 422, "must be the beginning of a date"),
        ("models/events/histograms/x", 422, "pattern"),
        (f"models/events/histograms/{RUN_ID}", 503, f"has no MLflow run '{RUN_ID}'"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_words(ada, mlflow_here, path, code, said):
    answer = ada.get(f"/api/{path}")
    assert (answer.status_code, said in str(answer.json()["detail"])) == (code, True), answer.text


@pytest.mark.parametrize(
    ("act", "body", "code", "said"),
    [
        ("explode", WHY, 422, "'run', 'check'"),
        ("pause", {}, 422, "Field required"),
        ("pause", {"reason": "  "}, 422, "at least 1 character"),
        ("pause", {"reason": "x" * 501}, 422, "at most 500 characters"),
        ("rollback", {"reason": "r", "version": "two"}, 422, "valid integer"),
        ("rollback", WHY, 409, "nobody served before the champion"),
        ("resume", WHY, 409, "promotion is not paused"),
        ("drill", WHY, 409, "has no selftest DAG to drill"),
        ("run", {"reason": "r", "dag_id": "others_triggered"}, 409, "has no DAG 'others_triggered'"),
    ],
)
def test_what_cannot_be_done_is_answered_in_words(ada, rights, mlflow_here, started, act, body, code, said):
    rights.dags |= {("POST", DAG.dag_id), ("PUT", DAG.dag_id)}
    answer = ada.post(f"/api/models/events/acts/{act}", json=body)
    assert (answer.status_code, said in str(answer.json()["detail"])) == (code, True), answer.text
    assert started == []


def test_starting_needs_the_right_to_start_and_deciding_the_right_to_edit(ada, rights, mlflow_here, started):
    def tried() -> list[int]:
        return [ada.post(f"/api/models/events/acts/{act}", json=WHY).status_code for act in ("run", "rollback")]

    assert tried() == [403, 403]
    rights.dags.add(("POST", DAG.dag_id))
    assert tried() == [200, 403]
    assert started == [("events_periodic", {"by": "ada", "reason": "I say so", "force": True})]
    rights.dags.add(("PUT", DAG.dag_id))
    # There is nobody to return to, but it is no longer forbidden to try.
    assert tried() == [200, 409]


def test_what_people_do_is_done_and_on_record(ada, rights, mlflow_here, started, model, strategy):
    first, second = (retrain(model, strategy, as_of=week).version for week in weeks(2))
    if champion("events").number != second:
        intervene.promote_by_hand("events", second, by="grace", reason="for the test")
    rights.dags |= {("POST", DAG.dag_id), ("PUT", DAG.dag_id)}
    reason = "<img src=x onerror=alert(1)> & 'quoted'"

    def act(name: str, **more) -> str:
        answer = ada.post(f"/api/models/events/acts/{name}", json={"reason": reason, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()["done"]

    assert "paused" in act("pause")
    assert ada.get("/api/models").json()["models"][0]["paused"].endswith(f"by ada: {reason}")
    act("resume")
    assert intervene.paused("events") is None
    assert f"v{first} serves again" in act("rollback")
    assert started == [("announced", first, reason)]
    line = next(one for one in ada.get("/api/models/events").json()["versions"] if one["number"] == second)
    assert (line["by"], line["reason"]) == ("ada", reason)


def test_the_api_tells_what_is_on_record(ada, rights, mlflow_here, model, strategy):
    done = retrain(model, strategy, as_of=AS_OF)
    [glance] = ada.get("/api/models").json()["models"]
    assert (glance["model"], glance["champion"], glance["metric"]) == ("events", done.version, "roc_auc")
    assert glance["promoted_score"]["value"] == pytest.approx(done.gate["challenger"]["value"])
    assert glance["retrains"] == 0, "it was not in the last 30 days"
    page = ada.get("/api/models/events").json()
    assert [one["number"] for one in page["versions"]] == [done.version]
    assert {one["act"]: one["allowed"] for one in page["acts"]} == dict.fromkeys(
        ("run", "rollback", "pause", "resume"), False
    )
    decisions = ada.get("/api/models/events/decisions?within=2024-03").json()
    assert [(one["run_id"], one["outcome"]) for one in decisions["decisions"]] == [(done.run_id, "promoted")]
    assert ada.get("/api/models/events/decisions?within=2024-02").json()["decisions"] == []
