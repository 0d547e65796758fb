"""How long we wait for MLflow: bounded, whatever it does."""

from __future__ import annotations

import os
import socket
from threading import Thread

import mlflow
import pytest

from retrain_plugin import RegistryError
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.version import versions

LIMITS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": 2,
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": 1,
    "MLFLOW_HTTP_REQUEST_TIMEOUT": 30,
}


@pytest.fixture
def silent(monkeypatch):
    """A server that takes every connection and never says a word; how many it took."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            while True:
                try:
                    taken.append(listening.accept()[0])
                except OSError:
                    return

        Thread(target=take, daemon=True).start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        mlflow.set_tracking_uri(address)
        mlflow.set_registry_uri(address)
        yield taken
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
    for one in taken:
        one.close()


@pytest.fixture
def unset(monkeypatch):
    for name in LIMITS:
        monkeypatch.delenv(name, raising=False)
    yield
    for name in LIMITS:
        os.environ.pop(name, None)


def test_our_limits_hold_unless_the_user_set_others(mlflow_here, unset, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    client()
    assert {name: int(os.environ[name]) for name in LIMITS} == {**LIMITS, "MLFLOW_HTTP_REQUEST_TIMEOUT": 5}
    # Three tries of half a minute each, and seconds between them: well under the four minutes of MLflow's own.
    assert (LIMITS["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] + 1) * LIMITS["MLFLOW_HTTP_REQUEST_TIMEOUT"] + 2 + 4 < 120


def test_a_server_that_says_nothing_is_given_up_after_three_tries(unset, silent, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with pytest.raises(RegistryError, match=r"MLflow at http://127\.0\.0\.1:\d+ failed: .*timed out"):
        versions("events")
    assert len(silent) == 3
