"""Every call that leaves this process, counted; and one of them made to fail as asked.

Calls are MLflow's requests, the engine's reads of the source, and what is written into temporary
files. They are counted in order, so that the same work makes the same call at the same number.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from ibis.backends.duckdb import Backend
from requests.adapters import HTTPAdapter

# A lost answer to a request that was carried out differs from an error only where the request changed something. A
# process killed before a call leaves what one killed after the call before it does, and, where that changed nothing,
# what one killed still earlier does: one kill before the first call and one after every change are all there are.
_CHANGING = ("error", "timeout", "reset", "killed after")
_READING = ("error",)
_READS = ("GET", "POST /api/2.0/mlflow/runs/search", "POST /api/2.0/mlflow/logged-models/search")
_IDS = re.compile(r"[0-9a-f]{32}|m-[0-9a-f]{32}|(?<=/)\d+(?=/|$)")
_RANDOM = re.compile(r"(?<=tmp|in-)\w{8}(?=/|$)")


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and at which call."""

    call: int
    kind: str


def all_faults(calls: list[tuple[str, str]]) -> list[Fault]:
    """Everything that can go wrong in a work that makes these calls."""
    found = [Fault(0, "killed before")]
    for number, call in enumerate(calls):
        kind, said = call
        if kind == "source":
            kinds = ("error", "timeout", "reset")
        elif kind == "http" and not said.startswith(_READS):
            kinds = _CHANGING
        else:
            kinds = _READING
        # A disk that is full at one file of many is full at one of them.
        if kind != "file" or call not in calls[:number]:
            found += [Fault(number, one) for one in kinds]
    return found


class Boundary:
    """Watches the calls of this process until it ends; there is no way back."""

    def __init__(self, fault: Fault | None, temporary: str) -> None:
        self.calls: list[tuple[str, str]] = []
        self._fault, self._temporary = fault, temporary
        self._inside = False

    def watch(self) -> None:
        HTTPAdapter.send = self._around("http", HTTPAdapter.send, _request)
        for name in ("read_parquet", "execute", "to_pyarrow"):
            setattr(Backend, name, self._around("source", getattr(Backend, name), lambda *_, said=name, **__: said))
        sys.addaudithook(self._file)

    def _around(self, kind: str, call: Callable[..., Any], describe: Callable[..., str]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return call(*arguments, **named)
            failing = self._counted(kind, describe(*arguments, **named))
            self._inside = kind == "source"
            try:
                if failing == "error":
                    return _error(kind, *arguments)
                if failing == "reset":
                    raise requests.ConnectionError("connection reset") if kind == "http" else ConnectionResetError
                answer = call(*arguments, **named)
            finally:
                self._inside = False
            if failing == "timeout":
                raise requests.ReadTimeout("no answer in time") if kind == "http" else TimeoutError
            if failing == "killed after":
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return watched

    def _file(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "os.mkdir" or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))
        path = str(arguments[0])
        if not writes or not path.startswith(self._temporary):
            return
        said = _IDS.sub("*", _RANDOM.sub("*", path.removeprefix(self._temporary)))
        if self._counted("file", f"{event} {said}") == "error":
            raise OSError(28, "No space left on device", arguments[0])

    def _counted(self, kind: str, said: str) -> str | None:
        number = len(self.calls)
        self.calls.append((kind, said))
        if self._fault is None or self._fault.call != number:
            return None
        if self._fault.kind == "killed before":
            os.kill(os.getpid(), signal.SIGKILL)
        return self._fault.kind


def _request(_: HTTPAdapter, request: requests.PreparedRequest, **__: Any) -> str:
    return f"{request.method} {_IDS.sub('*', urlsplit(request.url).path)}"


def _error(kind: str, *arguments: Any) -> requests.Response:
    if kind == "source":
        raise OSError("the disk does not answer")
    answer = requests.Response()
    answer.status_code, answer.request, answer.url = 500, arguments[1], arguments[1].url
    answer._content = b'{"error_code": "INTERNAL_ERROR", "message": "the database is gone"}'
    return answer
