"""What tells people: notifiers, the connection's test button, what Airflow's own lists know of us."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from airflow.sdk import BaseHook

from retrain_plugin import DeclarationError, Gate, Model, Parquet, Periodic
from retrain_plugin.airflow import DecisionNotifier, MlflowHook, PromoteOperator
from retrain_plugin.airflow.cli import get_commands
from retrain_plugin.airflow.dags import ModelDag, dag_for, start
from retrain_plugin.airflow.provider import get_provider_info

DECISION = {"model": "events", "outcome": "refused", "reason": "worse", "report_url": None, "stage": "concluded"}


@pytest.fixture
def server() -> Iterator[SimpleNamespace]:
    """An address that remembers what it is sent, and answers as it is told to."""
    told = SimpleNamespace(received=[], answer=200)

    class Hears(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.received.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(told.answer)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hears) as listening:
        told.port = listening.server_port
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield told
        listening.shutdown()


def connected(monkeypatch, **about) -> None:
    none = {"host": "", "port": None, "schema": "", "conn_type": "http", "login": None, "password": None}
    found = SimpleNamespace(**{**none, **about})
    monkeypatch.setattr(BaseHook, "get_connection", classmethod(lambda cls, name: found))


def test_a_decision_is_posted_with_one_line_for_people(server, monkeypatch):
    connected(monkeypatch, host=f"http://127.0.0.1:{server.port}/hook", password="s3cret")
    DecisionNotifier("chat")({"decision": DECISION})
    [(path, headers, body)] = server.received
    assert (path, headers["Authorization"]) == ("/hook", "Bearer s3cret")
    assert body == {"text": "events: refused. worse ", "decision": DECISION}


def test_only_the_outcomes_asked_for_are_told(server, monkeypatch):
    connected(monkeypatch, host=f"http://127.0.0.1:{server.port}")
    DecisionNotifier("chat")({"decision": {**DECISION, "outcome": "kept"}})
    assert server.received == []
    DecisionNotifier("chat", only=["kept"])({"decision": {**DECISION, "outcome": "kept"}})
    assert len(server.received) == 1
    with pytest.raises(DeclarationError, match="only=\\['lost'\\]"):
        DecisionNotifier("chat", only=["lost"])


def test_whoever_cannot_be_told_undoes_nothing(caplog):
    heard = []

    def deaf(context):
        raise ConnectionError("nobody there")

    model = Model(
        name="events", source=Parquet("*.parquet", event_time="at"), features=["x"], target="y",
        estimator="tests.estimators:trees", metric="roc_auc",
    )  # fmt: skip
    strategy = Periodic(schedule="@weekly", gate=Gate())
    told = [deaf, lambda context: heard.append(context["decision"])]
    operator = PromoteOperator(task_id="promote", model=model, strategy=strategy, on_decision=told)
    context = {"ti": SimpleNamespace(dag_id="d", run_id="r")}
    operator._tell(context, {**DECISION, "version": 3}, "http://mlflow/report")
    assert [(one["model"], one["version"], one["report_url"]) for one in heard] == [
        ("events", 3, "http://mlflow/report")
    ]


@pytest.mark.parametrize(
    ("answer", "works", "said"),
    [(200, True, "MLflow answers at"), (401, False, "refuses this login"), (500, False, "is not MLflow's")],
)
def test_the_test_button_says_what_is_wrong(server, monkeypatch, answer, works, said):
    server.answer = answer
    connected(monkeypatch, host="127.0.0.1", port=server.port, login="ada", password="s3cret")
    found, message = MlflowHook().test_connection()
    assert (found, said in message, "s3cret" in message) == (works, True, False)
    assert server.received[0][1]["Authorization"].startswith("Basic ")


def test_the_test_button_says_that_nobody_is_there(monkeypatch):
    connected(monkeypatch, host="127.0.0.1", port=1)
    assert MlflowHook().test_connection() == (False, "http://127.0.0.1:1 does not answer (ConnectionError)")


def test_what_the_provider_names_is_there():
    from importlib import import_module

    found = get_provider_info()
    named = [
        *found["extra-links"], *found["cli"], *found["notifications"], found["connection-types"][0]["hook-class-name"],
    ]  # fmt: skip
    for name in named:
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), name
    for part in (*found["operators"], *found["sensors"], *found["hooks"]):
        for module in part["python-modules"]:
            import_module(module)
    assert set(found["config"]["retrain"]["options"]) == {"mlflow_conn_id", "preload", "training_queue"}


def test_every_command_is_there_with_an_example_and_output_for_programs():
    [group] = get_commands()
    commands = {one.name: one for one in group.subcommands}
    assert set(commands) == {
        "status", "check", "run", "update", "history", "rollback", "promote", "accept", "pause", "resume", "selftest",
        "report",
    }  # fmt: skip
    for one in commands.values():
        assert f"airflow retrain {one.name}" in one.description
        assert "--output" in [flag for arg in one.args for flag in arg.flags], one.name
        assert callable(one.func)
        told_more = one.name not in ("status", "history", "pause", "resume")
        assert told_more or one.description.startswith(f"{one.help}.\n"), one.description


def test_a_run_of_a_paused_dag_is_not_started_to_wait_for_ever():
    paused = ModelDag("events_periodic", "events", "periodic", paused=True, next_run=None)
    with pytest.raises(DeclarationError, match="airflow dags unpause events_periodic"):
        start(paused, by="ada", reason="why")


def test_an_act_takes_the_dag_that_fits_it_best():
    def dag(kind: str) -> ModelDag:
        return ModelDag(f"events_{kind}", "events", kind, paused=False, next_run=None)

    there = [dag("continual"), dag("triggered"), dag("periodic")]
    assert dag_for("events", "run", there).kind == "periodic"
    assert dag_for("events", "run", there[:2]).kind == "triggered"
    assert dag_for("events", "check", there).kind == "triggered"
    assert dag_for("events", "run", there, "events_continual").kind == "continual"
    with pytest.raises(DeclarationError, match="model 'events' has no selftest DAG to drill in this Airflow"):
        dag_for("events", "drill", there)
