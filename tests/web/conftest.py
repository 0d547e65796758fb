"""The page's application by itself: its routes, with users whose rights are what a test says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api import security
from fastapi.testclient import TestClient
from jwt import InvalidTokenError

from retrain_plugin.airflow.dags import ModelDag
from retrain_plugin.web import access, act, app

DAG = ModelDag("events_periodic", "events", "periodic", paused=False, next_run=None)
OTHER = ModelDag("others_triggered", "others", "triggered", paused=False, next_run=None)


class Ada(BaseUser):
    def get_id(self) -> str:
        return "ada"

    def get_name(self) -> str:
        return "ada"


@dataclass
class Rights:
    """Stands in for Airflow's auth manager, whose own rules are Airflow's to test."""

    look: bool = True
    dags: set[tuple[str, str]] = field(default_factory=set)

    async def get_user_from_token(self, token: str) -> Ada:
        if token != "ada's":
            raise InvalidTokenError
        return Ada()

    def is_authorized_view(self, *, access_view, user) -> bool:
        return self.look

    def is_authorized_dag(self, *, method, user, details, access_entity=None) -> bool:
        return (method, details.id) in self.dags


@pytest.fixture
def rights(monkeypatch: pytest.MonkeyPatch) -> Rights:
    found = Rights(dags={("GET", DAG.dag_id)})
    monkeypatch.setattr(security, "get_auth_manager", lambda: found)
    monkeypatch.setattr(access, "get_auth_manager", lambda: found)
    known = [DAG, OTHER]
    monkeypatch.setattr(app, "model_dags", lambda model=None: [one for one in known if model in (None, one.model)])
    return found


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What would have been started in Airflow."""
    found: list[tuple] = []

    def start(dag, **asked):
        found.append((dag.dag_id, asked))
        return "manual__1"

    monkeypatch.setattr(act, "start", start)
    monkeypatch.setattr(act, "announce", lambda version, reason: found.append(("announced", version.number, reason)))
    return found


@pytest.fixture
def visitor() -> TestClient:
    """Nobody in particular."""
    return TestClient(app.app, raise_server_exceptions=False)


@pytest.fixture
def ada(rights: Rights) -> Iterator[TestClient]:
    """Somebody who is logged in, in a browser that shows our page."""
    headers = {"X-Requested-With": access.SENT_BY_PAGE}
    with TestClient(app.app, cookies={"_token": "ada's"}, headers=headers) as client:
        yield client
