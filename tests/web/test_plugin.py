"""What Airflow is told of the page, and what its processes load for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def told(code: str, **settings: str) -> object:
    """What a fresh process prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **settings}, text=True, capture_output=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("http://localhost:8080", ""),
        ("https://example.org/", ""),
        ("https://example.org/team/airflow/", "/team/airflow"),
    ],
)
def test_the_pages_addresses_carry_airflows_own_path(base_url, path):
    views = told(
        "import json; from retrain_plugin.web.plugin import RetrainPlugin as P; print(json.dumps(P.external_views))",
        AIRFLOW__API__BASE_URL=base_url,
    )
    assert [one["href"] for one in views] == [f"{path}/retrain/", f"{path}/retrain/?dag={{DAG_ID}}"]
    assert {one["icon"] for one in views} == {f"{path}/retrain/page/icon.svg"}


def test_every_process_loads_the_plugin_and_none_of_them_mlflow():
    code = """
import json, sys
import retrain_plugin.web.plugin
print(json.dumps([one for one in ("mlflow", "pandas", "sklearn", "scipy", "ibis", "fastapi") if one in sys.modules]))
"""
    assert told(code) == []


def test_the_pages_application_begins_with_what_its_first_answer_needs():
    code = """
import json, sys, threading
import retrain_plugin.web.app
next(one for one in threading.enumerate() if one.name == "retraining-page-imports").join(60)
print(json.dumps("mlflow" in sys.modules and "retrain_plugin.web.read" in sys.modules))
"""
    assert told(code) is True


def test_airflow_lists_our_settings_with_what_they_mean():
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "config", "list", "--section", "retrain", "--include-descriptions"],
        text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert "[retrain]" in done.stdout
    for name in ("mlflow_conn_id", "preload", "training_queue"):
        assert f"\n{name} = " in done.stdout or f"\n# {name} = " in done.stdout
    assert "MLFLOW_TRACKING_URI holds" in done.stdout


def test_the_scheduler_preloads_where_it_is_asked_to():
    code = """
import json, sys
sys.argv = ["airflow", "scheduler"]
from retrain_plugin.airflow import preload
preload.on_starting(None)
utils = sys.modules.get("mlflow.utils.requirements_utils")
print(json.dumps(["sklearn.ensemble" in sys.modules, bool(utils and utils._MODULES_TO_PACKAGES)]))
"""
    assert told(code, AIRFLOW__RETRAIN__PRELOAD="True") == [True, True]
    assert told(code, AIRFLOW__RETRAIN__PRELOAD="False") == [False, False]


def test_a_celery_worker_preloads_before_it_forks():
    code = """
import json, sys
from airflow.providers.celery.executors.celery_executor_utils import app
before = "retrain_plugin.workflow" in sys.modules
app.loader.init_worker()
print(json.dumps([before, "sklearn.ensemble" in sys.modules]))
"""
    options = "retrain_plugin.airflow.celery_config.PRELOADING"
    assert told(code, AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS=options) == [False, True]


def test_what_cannot_be_preloaded_keeps_nobody_from_starting():
    code = """
import json, sys
sys.modules["mlflow"] = None
import retrain_plugin.airflow.preloaded
print(json.dumps("started"))
"""
    assert told(code) == "started"
