"""A MLflow server for works done in processes of their own, some of which are killed."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from demo.stack import Stack
from tests.conftest import events, write
from tests.faults.boundary import Fault
from tests.faults.works import Place, perform, prepare


@dataclass
class Works:
    """A MLflow server whose database can be put back to what it was before a work."""

    place: Place
    database: Path
    folder: Path
    recorded: dict[str, tuple[list[tuple[str, str]], dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.processes = get_context("forkserver")
        # With what they import only when they need it: there are thousands of them.
        lazily = [
            "mlflow.pyfunc",
            "ibis.backends.duckdb.converter",
            "narwhals._pandas_like.dataframe",
            "tests.estimators",
        ]
        self.processes.set_forkserver_preload(["tests.faults.works", *lazily])

    def before(self, name: str) -> None:
        """Everything as it was before the work."""
        kept = self.folder / f"{name}.db"
        if not kept.exists():
            self.empty()
            assert self._run(prepare, name, self.place) == "done"
            _copy(self.database, kept)
        _copy(kept, self.database)

    def perform(self, name: str, fault: Fault | None = None) -> tuple[list[tuple[str, str]], str]:
        """Do the work; the calls made, and what came of it. Nothing is known of one that was killed."""
        return self._run(perform, name, self.place, fault) or ([], "killed")

    def empty(self) -> None:
        """Nothing on record."""
        _copy(self.folder / "empty.db", self.database)

    def _run(self, what: Any, *arguments: Any) -> Any:
        heard, said = self.processes.Pipe(duplex=False)
        process = self.processes.Process(target=what, args=(*arguments, said))
        process.start()
        said.close()
        try:
            answer = heard.recv()
        except EOFError:
            answer = None
        process.join()
        assert process.exitcode == (-signal.SIGKILL if answer is None else 0)
        return answer


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target, timeout=60)) as new:
        old.backup(new)


@pytest.fixture(scope="module")
def works(tmp_path_factory) -> Iterator[Works]:
    home = tmp_path_factory.mktemp("faults")
    write(home / "data", events())
    (home / "tmp").mkdir()
    with Stack(home / "stack", dags=home, cwd=home, ports=(0, 0)) as stack:
        stack.start_mlflow()
        mlflow.set_tracking_uri(stack.mlflow_url)
        mlflow.set_registry_uri(stack.mlflow_url)
        MlflowClient().search_experiments()
        database = home / "stack" / "mlflow.db"
        _copy(database, home / "empty.db")
        yield Works(Place(str(home / "data"), stack.mlflow_url, str(home / "tmp")), database, home)
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
