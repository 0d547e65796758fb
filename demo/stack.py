"""MLflow and Airflow as real processes on 127.0.0.1, started together and stopped without orphans."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

_SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer")


class Stack:
    """A MLflow server and a small Airflow (SQLite, LocalExecutor), all state below one folder.

    Parameters:
        home: where databases, artifacts, logs and secrets go; used again if it exists.
        dags: the DAGs folder.
        cwd: the working directory of the tasks, from which relative data paths are read.
        settings: further environment variables.
        preload: whether the scheduler imports for its tasks.
        parallelism: tasks at once.
        database: the address of Airflow's database; a SQLite file below `home` unless given.
        ports: of MLflow and of Airflow, where they are free; 0 is any.
    """

    def __init__(
        self,
        home: Path,
        *,
        dags: Path,
        cwd: Path,
        settings: Mapping[str, str] | None = None,
        preload: bool = True,
        parallelism: int = 3,
        database: str | None = None,
        ports: tuple[int, int] = (5000, 8080),
    ) -> None:
        self.home, self.cwd = home.resolve(), cwd.resolve()
        self.processes: list[subprocess.Popen[bytes]] = []
        self._stopping = threading.Event()
        taken: set[int] = set()
        self.mlflow_port, self.airflow_port = (free_port(port, taken) for port in ports)
        for folder in ("airflow/config", "logs", "artifacts"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        self._sqlite = None if database else self.home / "airflow" / "airflow.db"
        if self._sqlite:
            shutil.copy(Path(__file__).with_name("airflow_local_settings.py"), self.home / "airflow" / "config")
        known = self._secrets()
        self.mlflow_url = f"http://127.0.0.1:{self.mlflow_port}"
        self.airflow_url = f"http://127.0.0.1:{self.airflow_port}"
        self.env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "AIRFLOW_HOME": str(self.home / "airflow"),
            "AIRFLOW__API__BASE_URL": self.airflow_url,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.airflow_port),
            "AIRFLOW__API__SECRET_KEY": known["api"],
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": known["jwt"],
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags.resolve()),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.airflow_url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__FERNET_KEY": known["fernet"],
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": str(parallelism),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            # Every service writes to this one file: wait for the others rather than fail.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database or f"sqlite:///{self._sqlite}?timeout=60",
            **({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": database} if database else {}),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port(0, taken)),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port(0, taken)),
            "AIRFLOW__RETRAIN__PRELOAD": str(preload),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # Several fits at once with a thread per core each would mostly wait for one another.
            "OMP_NUM_THREADS": "1",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            **(settings or {}),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_mlflow(self) -> None:
        """Start the MLflow server and wait until it answers."""
        self._spawn(
            "mlflow",
            ["mlflow", "server", "--host", "127.0.0.1", "--port", str(self.mlflow_port), "--workers", "1",
             "--backend-store-uri", f"sqlite:///{self.home / 'mlflow.db'}",
             "--artifacts-destination", str(self.home / "artifacts")],
        )  # fmt: skip
        self._wait("MLflow", lambda: answers(f"{self.mlflow_url}/health"), 180)

    def start_airflow(self) -> None:
        """Bring the database up to date, start Airflow's four services and wait until all are well."""
        self.airflow("db", "migrate")
        if self._sqlite:
            # Readers and the one writer no longer lock each other out; the file remembers it.
            with closing(sqlite3.connect(self._sqlite)) as opened:
                opened.execute("PRAGMA journal_mode = WAL")
        for service in _SERVICES:
            # Logs are read from disk here; the log servers would listen on every address.
            own = ["--skip-serve-logs"] if service in ("scheduler", "triggerer") else []
            self._spawn(service, ["airflow", service, *own])
        self._wait("Airflow", self._healthy, 240)
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """End every process that was started here, with all their children."""
        self._stopping.set()
        for process in reversed(self.processes):
            _signal(process, signal.SIGTERM)
        limit = time.monotonic() + 15
        for process in reversed(self.processes):
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, limit - time.monotonic()))
            # The leader may be gone while its group is not.
            _signal(process, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def airflow(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the airflow command and return what it printed."""
        done = subprocess.run(
            ["airflow", *arguments], env=self.env, cwd=self.cwd, text=True, capture_output=True, check=False
        )
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip()[-2000:]
            raise RuntimeError(f"airflow {' '.join(arguments)} failed with {done.returncode}:\n{said}")
        return done

    @property
    def login(self) -> tuple[str, str]:
        """User and password of the Airflow UI."""
        return next(iter(self.passwords.items()))

    @property
    def passwords(self) -> dict[str, str]:
        """Of every user, the first one first."""
        path = self.home / "airflow" / "simple_auth_manager_passwords.json.generated"
        return dict(json.loads(path.read_text()))

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call Airflow's REST API as the UI's user; `path` begins behind ``/api/v2/``."""
        if not hasattr(self, "_token"):
            self._token = self.token(*self.login)
        return request(method, f"{self.airflow_url}/api/v2/{path}", body, token=self._token)

    def token(self, user: str, password: str) -> str:
        """What lets a user in, for a while."""
        answer = request("POST", f"{self.airflow_url}/auth/token", {"username": user, "password": password})
        return str(answer["access_token"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The DAG's runs, oldest first."""
        found = self.api("GET", f"dags/{dag_id}/dagRuns?limit=100&order_by=run_after")["dag_runs"]
        return list(found)

    def _secrets(self) -> dict[str, str]:
        """Keys of this installation, made once and readable by its owner alone."""
        path = self.home / "secrets.json"
        if not path.exists():
            made = {name: urlsafe_b64encode(secrets.token_bytes(32)).decode() for name in ("jwt", "api", "fernet")}
            path.touch(mode=0o600)
            path.write_text(json.dumps(made))
        known: dict[str, str] = json.loads(path.read_text())
        return known

    def _spawn(self, name: str, command: list[str]) -> None:
        with (self.home / "logs" / f"{name}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    command, env=self.env, cwd=self.cwd, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )  # fmt: skip

    def _watch(self) -> None:
        """Start a service again that ended by itself, as a supervisor would where Airflow is deployed."""
        while not self._stopping.wait(2):
            for ended in [process for process in self.processes if process.poll() is not None]:
                self.processes.remove(ended)
                command = [str(part) for part in ended.args]  # type: ignore[union-attr]
                self._spawn(command[1] if command[0] == "airflow" else command[0], command)

    def _wait(self, what: str, ready: Callable[[], bool], seconds: float) -> None:
        limit = time.monotonic() + seconds
        while not ready():
            ended = [process for process in self.processes if process.poll() is not None]
            if ended or time.monotonic() > limit:
                why = f"{ended[0].args[:2]} ended" if ended else f"no answer in {seconds:g} s"  # type: ignore[index]
                raise RuntimeError(f"{what} did not start ({why}): see the logs in {self.home / 'logs'}")
            time.sleep(0.5)

    def _healthy(self) -> bool:
        try:
            health = request("GET", f"{self.airflow_url}/api/v2/monitor/health")
        except OSError:
            return False
        return all(health.get(one, {}).get("status") == "healthy"
                   for one in ("metadatabase", "scheduler", "dag_processor", "triggerer"))  # fmt: skip


def free_port(preferred: int, taken: set[int]) -> int:
    """The preferred port if nobody listens there, else one the system has free; never one of `taken`."""
    for port in (preferred, *(0,) * 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
        if found not in taken:
            taken.add(found)
            return found
    raise RuntimeError("no free port on 127.0.0.1")


def _signal(process: subprocess.Popen[bytes], which: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, which)


def answers(url: str) -> bool:
    """Whether a page is there."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def request(method: str, url: str, body: Any = None, *, token: str | None = None) -> Any:
    """Send JSON and return what JSON comes back.

    Raises:
        RuntimeError: the answer is an error, which its text holds.
    """
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {url} answered {error.code}: {error.read().decode()[:500]}") from None
