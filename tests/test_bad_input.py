"""Whatever is wrong with what we are given: one clear message, and the champion keeps serving."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from retrain_plugin import (
    PSI,
    Continual,
    DataError,
    Decay,
    DeclarationError,
    Expectations,
    Gate,
    Model,
    Parquet,
    Periodic,
    RegistryError,
    Table,
    TrainingError,
    Triggered,
    any_of,
)
from retrain_plugin.declare.wire import from_json
from retrain_plugin.errors import UnsoundDataError
from retrain_plugin.registry.accept import accept
from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.intervene import pause, promote_by_hand, resume, rollback
from retrain_plugin.registry.version import versions
from retrain_plugin.workflow import check, retrain, selftest, update
from tests.conftest import AS_OF, events, with_source, write

WEEK = timedelta(weeks=1)
TRIGGERED = Triggered(schedule="@daily", window="7D", when=any_of(PSI()), max_age="90D", train="30D", holdout="7D")


@dataclass
class Given:
    """A model with a champion, and the files it learns from."""

    model: Model
    strategy: Periodic
    folder: Path

    def retrain(self, as_of: datetime = AS_OF, **changes: Any) -> None:
        retrain(replace(self.model, **changes), self.strategy, as_of=as_of)

    def retrain_on(self, frame: pd.DataFrame, **changes: Any) -> None:
        for path in self.folder.glob("*.parquet"):
            path.unlink()
        write(self.folder, frame)
        self.retrain(**changes)

    def retrain_on_file(self, content: bytes) -> None:
        (self.folder / "2024-02.parquet").write_bytes(content)
        self.retrain()

    def source(self, **changes: Any) -> None:
        retrain(with_source(self.model, **changes), self.strategy, as_of=AS_OF)


def late(frame: pd.DataFrame) -> pd.Series:
    """Which rows are of the holdout or newer."""
    return frame["at"] >= pd.Timestamp(AS_OF - 8 * timedelta(days=1))


def spoilt(column: str, value: Any, share: float = 1.0) -> pd.DataFrame:
    frame = events()
    chosen = late(frame) & (np.random.default_rng(0).random(len(frame)) < share)
    frame[column] = frame[column].astype(object if isinstance(value, str | bool) or value is None else float)
    frame.loc[chosen, column] = value
    return frame


@contextmanager
def answering(status: int, body: str, kind: str = "application/json") -> Iterator[str]:
    """A server that has one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://ml:s3cret@127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def asked_of(status: int, body: str, kind: str = "application/json") -> Callable[[Given], None]:
    def ask(given: Given) -> None:
        before = mlflow.get_tracking_uri()
        with answering(status, body, kind) as address:
            mlflow.set_tracking_uri(address)
            mlflow.set_registry_uri(address)
            try:
                given.retrain()
            finally:
                mlflow.set_tracking_uri(before)
                mlflow.set_registry_uri(before)

    return ask


def command(*arguments: str) -> Callable[[Given], None]:
    def run(_: Given) -> None:
        from airflow.cli.cli_parser import get_parser

        args = get_parser().parse_args(["retrain", *arguments])
        try:
            args.func(args)
        except SystemExit as end:
            raise RegistryError(str(end.code)) from None

    return run


def parsed(*arguments: str) -> Callable[[Given], None]:
    """A command line that is refused before anything is done; argparse ends with 2."""

    def run(_: Given) -> None:
        from airflow.cli.cli_parser import get_parser

        try:
            get_parser().parse_args(["retrain", *arguments])
        except SystemExit as end:
            raise RegistryError(f"ended with {end.code}") from None

    return run


PARQUET = Parquet("x/*.parquet", event_time="at")
DECLARED: dict[str, Any] = {
    "name": "events", "source": PARQUET, "features": ["x"], "target": "y", "estimator": "m:f", "metric": "roc_auc",
}  # fmt: skip


def declared(**changes: Any) -> Callable[[Given], None]:
    return lambda _: Model(**{**DECLARED, **changes})  # type: ignore[return-value]


def wire(content: Any) -> Callable[[Given], None]:
    return lambda _: from_json(content)


def by_hand(act: Callable[..., Any], *arguments: Any, **named: Any) -> Callable[[Given], None]:
    return lambda _: act(*arguments, by="ada", reason="why", **named)


REGRESSION = "tests.estimators:regression_trees"
FUTURE = datetime.now(timezone.utc) + timedelta(days=2)
# What is given, which error it is, and what its message says.
Case = tuple[Callable[[Given], Any], type[Exception], str]
DECLARATIONS: dict[str, Case] = {
    "a name with a slash": (declared(name="a/b"), DeclarationError, "name='a/b' must"),
    "a name with a quote": (declared(name="a'b"), DeclarationError, "name="),
    "no features": (declared(features=[]), DeclarationError, "features"),
    "one feature as a text": (declared(features="hour"), DeclarationError, "features='hour'"),
    "a feature twice": (declared(features=["x", "x"]), DeclarationError, "features names x"),
    "the target as a feature": (declared(features=["y"]), DeclarationError, "target='y'"),
    "a path as a source": (declared(source="x.parquet"), DeclarationError, "source='x.parquet' must"),
    "an estimator that is code": (declared(estimator="os:system('x')"), DeclarationError, "module:function"),
    "an unknown metric": (declared(metric="auc"), DeclarationError, "metric='auc'.*roc_auc"),
    "a task that the metric is not for": (declared(metric="rmse", task="classification"), DeclarationError, "task="),
    "a negative seed": (declared(seed=-1), DeclarationError, "seed=-1 must"),
    "a schedule in words": (lambda _: Periodic(schedule="weekly"), DeclarationError, "schedule='weekly'"),
    "a length without a unit": (lambda _: Periodic(schedule="@daily", train="60"), DeclarationError, "train='60'"),
    "a length of nothing": (lambda _: Periodic(schedule="@daily", holdout="0D"), DeclarationError, "holdout='0D'"),
    "a floor that is a word": (lambda _: Gate(floors={"roc_auc": "high"}), DeclarationError, "'high'"),
    "a confidence beyond one": (lambda _: Gate(confidence=1.5), DeclarationError, "confidence=1.5"),
    "an unknown zone": (
        lambda _: Parquet("x", event_time="at", timezone="Mars/Olympus"), DeclarationError, "Mars/Olympus",
    ),
    "a table without a connection": (
        lambda _: Table("t", connection="", event_time="at"), DeclarationError, "connection=''",
    ),
    "a trigger on no known metric": (lambda _: Decay("auc", drop=0.1), DeclarationError, "metric='auc'"),
    "a drop upwards": (lambda _: Decay("roc_auc", drop=-1), DeclarationError, "drop=-1"),
    "a condition on nothing": (lambda _: any_of(), DeclarationError, "a condition needs"),
    "two triggers of one name": (
        lambda _: replace(TRIGGERED, when=any_of(PSI(), PSI(threshold=1))), DeclarationError, "several triggers",
    ),
    "no age at which to retrain anyway": (lambda _: replace(TRIGGERED, max_age=None), DeclarationError, "max_age="),
    "a memory of nearly all rows": (
        lambda _: Continual(schedule="@hourly", memory=0.9), DeclarationError, "memory=0.9",
    ),
    "shares beyond all": (lambda _: Expectations(max_missing=1.5), DeclarationError, "max_missing=1.5"),
    # The same in JSON.
    "JSON that is a list": (wire([]), DeclarationError, "must be an object"),
    "JSON without a kind": (wire({}), DeclarationError, "kind=None"),
    "JSON of a kind that is none of ours": (wire({"kind": "os.system"}), DeclarationError, r"kind='os\.system'"),
    "JSON with a field too many": (wire({"kind": "Gate", "x": 1}), DeclarationError, "Gate: .*'x'"),
    "JSON with a field too few": (wire({"kind": "Parquet"}), DeclarationError, "Parquet: .*path"),
    "JSON within JSON of the wrong kind": (
        wire({**DECLARED, "kind": "Model", "source": {"kind": "Gate"}}), DeclarationError, "source=",
    ),
}  # fmt: skip
WORK: dict[str, Case] = {
    # Moments.
    "a moment without zone": (lambda g: g.retrain(AS_OF.replace(tzinfo=None)), DeclarationError, "time zone"),
    "a moment to come": (lambda g: g.retrain(FUTURE), DeclarationError, "lies in the future"),
    "a date that is no moment": (lambda g: g.retrain(AS_OF.date()), DeclarationError, "must be a datetime"),  # type: ignore[arg-type]
    "a moment before all data": (
        lambda g: g.retrain(AS_OF - timedelta(days=900)), UnsoundDataError, "the window is empty",
    ),
    # Estimators.
    "no such module": (lambda g: g.retrain(estimator="nowhere:build"), TrainingError, "cannot be imported.*install"),
    "no such function": (lambda g: g.retrain(estimator="tests.estimators:no"), TrainingError, "cannot be imported"),
    "a function that fails": (lambda g: g.retrain(estimator="tests.estimators:broken"), TrainingError, "no such luck"),
    "no estimator": (lambda g: g.retrain(estimator="tests.estimators:not_an_estimator"), TrainingError, "must return"),
    "an estimator of another task": (
        lambda g: g.retrain(estimator="tests.estimators:ridge"), TrainingError, "judges a classification model",
    ),
    "a fit that fails": (lambda g: g.retrain(estimator="tests.estimators:refuses"), TrainingError, "singular matrix"),
    "a type that nobody declared": (
        lambda g: g.retrain(estimator="tests.estimators:mine"), TrainingError, "trusted_types=.*Mine",
    ),
    "an estimator that cannot learn on": (
        lambda g: update(
            replace(g.model, estimator="tests.estimators:neighbours"), Continual(schedule="@daily"), as_of=AS_OF
        ),
        TrainingError, "cannot learn on from its weights.*SGDClassifier",
    ),
    # Data.
    "a column that is not there": (lambda g: g.retrain(features=["x", "z"]), DataError, "no column 'z'; it has"),
    "a time column that is not there": (lambda g: g.source(event_time="when"), DataError, "no column 'when'"),
    "a label time that is not there": (
        lambda g: g.source(label_delay="0D", label_time="known"), DataError, "no column 'known'",
    ),
    "a time without zone": (
        lambda g: g.retrain_on(events().assign(at=lambda f: f["at"].dt.tz_localize(None))), DataError, "no time zone",
    ),
    "a time that is a number": (lambda g: g.source(event_time="value"), DataError, "'value' is of type float64"),
    "a feature that is a list": (
        lambda g: g.retrain_on(events().assign(x=[[1.0]] * len(events()))), DataError, "'x' is of type array",
    ),
    "a feature that is a date": (
        lambda g: g.retrain_on(events().assign(x=lambda f: f["at"])), DataError, "'x' is of type timestamp",
    ),
    "a target that is text where numbers are needed": (
        lambda g: g.retrain(target="kind", features=["x"], metric="rmse", estimator=REGRESSION),
        DataError, "'kind' is of type string.*metric",
    ),
    "a target that is a time": (
        lambda g: g.retrain_on(events().assign(y=lambda f: f["at"])), DataError, "classes are integers, booleans or",
    ),
    "labels all missing": (lambda g: g.retrain_on(spoilt("y", None)), UnsoundDataError, "labels are missing"),
    "labels of one class": (
        lambda g: g.retrain_on(events().assign(y=True)), UnsoundDataError, "one class only",
    ),
    "a feature mostly missing": (lambda g: g.retrain_on(spoilt("x", np.nan, 0.8)), UnsoundDataError, "'x' is missing"),
    "an infinite feature": (lambda g: g.retrain_on(spoilt("x", np.inf, 0.8)), UnsoundDataError, "'x' is infinite"),
    "an infinite target": (
        lambda g: g.retrain_on(spoilt("value", np.inf), target="value", features=["x"], metric="rmse",
                               estimator=REGRESSION),
        UnsoundDataError, "'value' is infinite",
    ),
    "every row many times": (
        lambda g: g.retrain_on(pd.concat([events()] * 3)), UnsoundDataError, "equal to an earlier row",
    ),
    "too few rows": (lambda g: g.retrain_on(events(per_day=3)), UnsoundDataError, "only .* labelled rows.*at least"),
    # Files.
    "no file": (lambda g: g.source(path="nowhere/*.parquet"), DataError, "no file matches 'nowhere.*looked from"),
    "a file of rubbish": (lambda g: g.retrain_on_file(b"\x00rubbish" * 99), DataError, "cannot be read.*whole"),
    "an empty file": (lambda g: g.retrain_on_file(b""), DataError, "cannot be read"),
    "half a file": (
        lambda g: g.retrain_on_file((g.folder / "2024-01.parquet").read_bytes()[:5000]), DataError, "cannot be read",
    ),
    "a file that is text": (lambda g: g.retrain_on_file(b"at,x\n2024-01-01,3\n"), DataError, "cannot be read"),
    "a connection that nobody knows": (
        lambda g: g.retrain(source=Table("t", connection="nobody", event_time="at")), DataError, "AIRFLOW_CONN_NOBODY",
    ),
    # MLflow's answers.
    "a server that fails": (
        asked_of(500, '{"error_code": "INTERNAL_ERROR", "message": "x"}'), RegistryError, "MLFLOW_TRACKING_URI",
    ),
    "a server that is busy": (asked_of(503, "busy", "text/plain"), RegistryError, "503"),
    "a server that asks for a login": (asked_of(401, "who are you?", "text/plain"), RegistryError, "401"),
    "a server that forbids it": (asked_of(403, "Invalid Host header", "text/plain"), RegistryError, "Host header"),
    "a page instead of an answer": (asked_of(200, "<html>Please log in</html>", "text/html"), RegistryError, "failed"),
    "half an answer": (asked_of(200, '{"experiment": {"exp'), RegistryError, "failed"),
    "an answer to something else": (asked_of(200, '{"surprise": []}'), RegistryError, "not MLflow's"),
    "a server of something else": (asked_of(404, "no such page", "text/plain"), RegistryError, "404"),
    # People, and the command line.
    "a rollback without anybody before": (by_hand(rollback, "events"), RegistryError, "nobody served before"),
    "a rollback to nobody": (by_hand(rollback, "events", to=9), RegistryError, "v9 is no former champion"),
    "a rollback of a model that nobody knows": (by_hand(rollback, "eventz"), RegistryError, "'eventz'"),
    "a promotion of nobody": (by_hand(promote_by_hand, "events", 9), RegistryError, "has no version 9.*history"),
    "a pause of nothing": (by_hand(pause, "eventz"), RegistryError, "'eventz'"),
    "a resumption of what goes on": (
        lambda _: resume("events", by="ada", reason="why"), RegistryError, "is not paused",
    ),
    "an acceptance without end": (
        lambda _: accept("events", [("x", "far")], as_of=AS_OF, by="ada", reason="w" * 9000), RegistryError, "shorten",
    ),
    "a drill of what was never checked": (command("selftest", "events"), RegistryError, "was never checked"),
    "a drill at a moment that is none": (command("selftest", "events", "--as-of", "noon"), RegistryError, "'noon'"),
    "an acceptance of nothing held": (
        command("accept", "events", "--reason", "why"), RegistryError, "nothing to accept",
    ),
    "the history of nobody": (command("history", "eventz"), RegistryError, "'eventz' has no versions"),
    "the status of nobody": (command("status", "eventz"), RegistryError, "'eventz'"),
    "a command's rollback to nobody": (
        command("rollback", "events", "--to", "9", "--reason", "why"), RegistryError, "no former champion",
    ),
    "a version that is a word": (parsed("promote", "events", "two", "--reason", "why"), RegistryError, "ended with 2"),
    "a history of none": (parsed("history", "events", "--limit", "0"), RegistryError, "ended with 2"),
    "no reason": (parsed("rollback", "events"), RegistryError, "ended with 2"),
    "no such command": (parsed("destroy", "events"), RegistryError, "ended with 2"),
    # Strategies where others are meant.
    "a check of what asks nothing": (
        lambda g: check(g.model, g.strategy, as_of=AS_OF), DeclarationError, "Triggered",  # type: ignore[arg-type]
    ),
    "a drill of what asks nothing": (
        lambda g: selftest(g.model, g.strategy, as_of=AS_OF), DeclarationError, "Triggered",  # type: ignore[arg-type]
    ),
    "an update of what learns anew": (
        lambda g: update(g.model, g.strategy, as_of=AS_OF), DeclarationError, "Continual",  # type: ignore[arg-type]
    ),
}  # fmt: skip


@pytest.fixture
def champion_before(mlflow_here, model, strategy, folder, monkeypatch):
    """A champion of a week before, whom no case may touch."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    retrain(model, strategy, as_of=AS_OF - WEEK)
    given = Given(model, strategy, folder)
    yield given
    logging.getLogger("retrain_plugin").setLevel(logging.NOTSET)
    assert {alias: int(number) for alias, number in client().get_registered_model("events").aliases.items()} == {
        "champion": 1
    }
    assert len(versions("events")) == 1
    assert all(run.info.status in ("FINISHED", "FAILED") for run in runs("events"))


@pytest.mark.parametrize("case", [*DECLARATIONS, *WORK])
def test_bad_input_gets_one_clear_message_and_the_champion_keeps_serving(request, case):
    give, kind, said = {**DECLARATIONS, **WORK}[case]
    given = request.getfixturevalue("champion_before") if case in WORK else None
    with pytest.raises(kind) as caught:
        give(given)
    message = str(caught.value)
    assert re.search(said, message), message
    assert "\n" not in message
    assert "s3cret" not in message
