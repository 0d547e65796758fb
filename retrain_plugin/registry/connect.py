"""Reaching MLflow, within a bounded time and with errors that say what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import mlflow
import requests
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from requests.exceptions import RequestException

from retrain_plugin.errors import RegistryError

# The artifact in which a run tells people what was asked, seen and decided.
REPORT = "report.html"
_CREDENTIALS = re.compile(r"//[^/@\s]+@")
# MLflow's own defaults let one call to a dead server take four minutes; Airflow's retries stand behind ours.
_BOUNDS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}


def client() -> MlflowClient:
    """A client for the tracking server and registry that MLflow's own settings name."""
    for name, value in _BOUNDS.items():
        os.environ.setdefault(name, value)
    return MlflowClient()


@contextmanager
def asking(model: str) -> Iterator[None]:
    """Turn MLflow's failures into ours, naming the model and the server.

    Raises:
        RegistryError: MLflow does not answer, or refuses.
    """
    try:
        yield
    except (MlflowException, RequestException, OSError) as error:
        said = _CREDENTIALS.sub("//***@", " ".join(str(error).split()))[:400]
        raise RegistryError(
            f"model {model!r}: MLflow at {address()} failed: {said}. Nothing was promoted and the champion keeps "
            "serving: check that the server runs and MLFLOW_TRACKING_URI names it, then clear the failed task"
        ) from (None if _CREDENTIALS.search(str(error)) else error)


def not_found(error: MlflowException) -> bool:
    """Whether MLflow answered that the thing asked for does not exist."""
    return error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")


def require_answer(seconds: float = 2.0) -> None:
    """See to it that MLflow's server answers at all, for people who would rather hear at once that it does not.

    Raises:
        RegistryError: it does not, within that many seconds.
    """
    where = address()
    if not where.startswith("http"):
        return
    try:
        requests.get(f"{where.rstrip('/')}/health", timeout=seconds)
    except RequestException as error:
        raise RegistryError(
            f"MLflow at {where} does not answer ({type(error).__name__}). Champions keep serving; checks and retrains "
            "fail until it is back, and Airflow tries them again"
        ) from None


def address() -> str:
    """The tracking server's address without credentials."""
    parts = urlsplit(mlflow.get_tracking_uri())
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def run_url(experiment_id: str, run_id: str) -> str | None:
    """Where a person sees a run, where MLflow is a server."""
    base = _pages()
    return f"{base}/#/experiments/{experiment_id}/runs/{run_id}" if base else None


def report_url(experiment_id: str, run_id: str) -> str | None:
    """Where a person sees the report of a run, where MLflow is a server."""
    base = run_url(experiment_id, run_id)
    return f"{base}/artifacts/{REPORT}" if base else None


def version_url(model: str, number: int) -> str | None:
    """Where a person sees a version, where MLflow is a server."""
    base = _pages()
    return f"{base}/#/models/{model}/versions/{number}" if base else None


def _pages() -> str | None:
    where = address()
    return where.rstrip("/") if where.startswith("http") else None
