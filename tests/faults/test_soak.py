"""Checks, retrains and updates without end, in one process: nothing piles up."""

from __future__ import annotations

import gc
import resource
import tempfile
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from retrain_plugin.workflow import check, retrain, update
from tests.conftest import AS_OF, events, write
from tests.faults.works import CONTINUAL, PERIODIC, TRIGGERED, model

pytestmark = pytest.mark.usefixtures("mlflow_here")


def held() -> dict[str, int]:
    """What this process holds, without what only waits to be collected.

    Every MLflow repository of artifacts has a pool of threads, which ends with the object, and some of these objects
    end at Python's next collection of cycles: when that comes is chance.
    """
    gc.collect()
    return {
        "megabytes": int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 10**6,
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "temporary": len(list(Path(tempfile.gettempdir()).iterdir())),
    }


def soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], count: int) -> None:
    """Three models side by side, one a strategy, four hours further at each round."""
    write(tmp_path / "events", events(days=60 + count // 12))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    one = model(str(tmp_path / "events"))
    works = (
        lambda at: retrain(replace(one, name="periodic"), PERIODIC, as_of=at),
        lambda at: check(replace(one, name="periodic"), TRIGGERED, as_of=at, dag_id="checks"),
        lambda at: update(replace(one, name="continual"), CONTINUAL, as_of=at),
    )
    seen = []
    for number in range(count):
        works[number % 3](AS_OF + number // 3 * timedelta(hours=4))
        seen.append(held())
    # A quarter of the runs fills what is kept for the next: connections, prepared statements, imports.
    quarter, end = seen[count // 4 :][: max(5, count // 10)], seen[-max(5, count // 10) :]
    with capsys.disabled():
        print(f"\n{count} runs: {quarter[0]} after a quarter, {end[-1]} in the end")
    for what, most in (("megabytes", 80), ("files", 3), ("threads", 1), ("temporary", 0)):
        before, after = (np.median([one[what] for one in part]) for part in (quarter, end))
        assert after <= before + most, what


def test_sixty_runs_in_one_process_leave_nothing_behind(tmp_path, monkeypatch, capsys):
    soak(tmp_path, monkeypatch, capsys, 60)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_five_hundred_runs_in_one_process_leave_nothing_behind(tmp_path, monkeypatch, capsys):
    soak(tmp_path, monkeypatch, capsys, 500)
