"""The walk that is written for newcomers, followed word by word."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from demo.stack import Stack
from tests.airflow.driving import finished

_BLOCK = re.compile(r"^```(python|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PAGE = Path(__file__).parents[2] / "docs" / "walk.md"
_DAG = "loan-default_periodic"


def blocks() -> list[tuple[str, str]]:
    """The page's pieces of code with their file's name, or `bash`."""
    found = []
    for language, text in _BLOCK.findall(_PAGE.read_text()):
        name = language if language == "bash" else text.splitlines()[0].removeprefix("# ")
        found.append((name, text))
    return found


def test_it_takes_less_than_forty_lines():
    typed = [line for name, text in blocks() if name != "make_loans.py" for line in text.splitlines()]
    assert 20 < len([line for line in typed if line.strip() and not line.startswith("#")]) < 40


@pytest.fixture(scope="module")
def said(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every piece printed; the data and the servers are elsewhere than on the page, all else is as it stands."""
    data = tmp_path_factory.mktemp("data")
    home = tmp_path_factory.mktemp("home")
    dags = Path(stack.env["AIRFLOW__CORE__DAGS_FOLDER"])
    printed = {}
    for name, text in blocks():
        here = text.replace("/data/loans", str(data)).replace("http://localhost:5000", stack.mlflow_url)
        where = home
        if name == "bash":
            # The package under test is installed already, from here.
            script = here.replace("pip install airflow-retrain-plugin", "pip show --quiet airflow-retrain-plugin")
        else:
            where = dags if name.startswith("loans") else home
            (where / name).write_text(here)
            script = "" if where == dags else f"python {name}"
        if "airflow retrain status" in here:
            for run in stack.runs(_DAG):
                finished(stack, _DAG, run["dag_run_id"])
        environment = {**stack.env, "MLFLOW_TRACKING_URI": stack.mlflow_url}
        done = subprocess.run(
            ["bash", "-ec", script], cwd=where, env=environment, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{here}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}"
        printed[here if name == "bash" else name] = done.stdout
    return printed


def of(said: dict[str, str], part: str) -> str:
    return next(printed for what, printed in said.items() if part in what)


def test_every_week_is_decided_and_somebody_serves(said, stack):
    runs = [run for run in stack.runs(_DAG) if run["run_type"] == "backfill"]
    # Four weeks and a day, which may begin and end on a Sunday.
    assert len(runs) in (4, 5)
    assert {run["state"] for run in runs} == {"success"}
    looked = of(said, "retrain status")
    assert "loan-default" in looked
    assert "promoted" in looked


def test_the_champion_answers(said):
    assert re.search(r"\[[01]\]", of(said, "serve.py"))
