"""What a DAG file costs and what it makes, each in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("pandas", "sklearn", "scipy", "mlflow", "ibis", "duckdb", "pyarrow")


def fresh(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "imported",
    [
        "import retrain_plugin; [getattr(retrain_plugin, name) for name in retrain_plugin.__all__]",
        "import retrain_plugin.airflow as a; [getattr(a, name) for name in a.__all__]",
        "import retrain_plugin.airflow.provider as p; p.get_provider_info()",
        "import retrain_plugin.web.plugin",
        *(
            f"import runpy; runpy.run_path({str(path)!r})"
            for path in sorted((ROOT / "dags").glob("*.py"))
            if not path.stem.endswith("_model")
        ),
    ],
)
def test_declaring_loads_nothing_heavy(imported):
    done = fresh(f"{imported}\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])")
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stderr[-2000:]


def test_a_wrong_declaration_fails_at_import_with_its_field():
    done = fresh("from retrain_plugin import Periodic\nPeriodic(schedule='@weekly', holdout='2 weeks')")
    assert done.returncode != 0
    assert "holdout='2 weeks'" in done.stderr


def test_a_dag_of_something_else_is_refused():
    done = fresh("from retrain_plugin.airflow import retraining_dag\nretraining_dag('flights', '@weekly')")
    assert "DeclarationError: model='flights' must be Model(...)" in done.stderr


def test_the_flights_dag_is_short_and_whole():
    path = ROOT / "dags" / "flights_periodic.py"
    assert len(path.read_text().splitlines()) < 30
    made = fresh(
        f"import runpy, json\nfrom retrain_plugin.airflow import dag as d\n"
        f"kept = []\nold = d.retraining_dag\n"
        f"import retrain_plugin.airflow as a\n"
        f"a.retraining_dag = lambda *x, **y: kept.append(old(*x, **y))\n"
        f"runpy.run_path({str(path)!r})\n"
        f"dag = kept[0]\n"
        f"print(json.dumps([dag.dag_id, {{t.task_id: sorted(t.upstream_task_ids) for t in dag.tasks}}, "
        f"sorted(dag.params), 'flights-late' in dag.doc_md]))"
    )
    dag_id, tasks, params, explained = json.loads(made.stdout.strip().splitlines()[-1])
    assert dag_id == "flights_periodic"
    assert tasks == {
        "check_data": [],
        "previous_run": [],
        "train": ["check_data"],
        "validate": ["previous_run", "train"],
        "promote": ["validate"],
    }
    assert params == ["as_of", "force"]
    assert explained


def test_a_continual_dag_is_one_update_at_a_time_on_a_calendar_or_an_asset():
    made = fresh(
        "import json\n"
        "from airflow.sdk import Asset\n"
        "from retrain_plugin import PSI, Continual, Model, Parquet\n"
        "from retrain_plugin.airflow import retraining_dag\n"
        "model = Model(name='late', source=Parquet('x', event_time='at'), features=['hour'], target='y',\n"
        "              estimator='m:build', metric='roc_auc')\n"
        "asset = Asset(name='orders', uri='x-lake://orders')\n"
        "made = [retraining_dag(model, Continual(schedule='* * * * *'), dag_id='often'),\n"
        "        retraining_dag(model, Continual(schedule=asset, when=PSI()), dag_id='landed')]\n"
        "print(json.dumps([[d.max_active_runs, {t.task_id: sorted(t.upstream_task_ids) for t in d.tasks},\n"
        "                   str(getattr(d.timetable, 'asset_condition', '')), d.doc_md] for d in made]))"
    )
    often, landed = json.loads(made.stdout.strip().splitlines()[-1])
    assert often[:2] == [1, {"previous_run": [], "update": ["previous_run"]}]
    assert "never learnt" in often[3]
    tasks = {"previous_run": [], "data_fault": ["previous_run"], "psi": ["data_fault"], "update": ["psi"]}
    assert landed[:2] == [1, tasks]
    assert "orders" in landed[2]
    assert "x-lake://orders" in landed[3]


def test_an_update_needs_a_continual_strategy():
    done = fresh(
        "from retrain_plugin import Model, Parquet, Periodic\nfrom retrain_plugin.airflow import UpdateOperator\n"
        "model = Model(name='late', source=Parquet('x', event_time='at'), features=['hour'], target='y', "
        "estimator='m:build', metric='roc_auc')\n"
        "UpdateOperator(task_id='update', model=model, strategy=Periodic(schedule='@weekly'))"
    )
    assert "must be Continual(...)" in done.stderr
