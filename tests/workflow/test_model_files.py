"""Files of models that somebody changed, took away, or wrote in a form that runs code."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from retrain_plugin import ModelFileError, RegistryError, TrainingError
from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.intervene import promote_by_hand, rollback
from retrain_plugin.registry.model_store import read, store
from retrain_plugin.registry.version import TAG, champion, versions
from retrain_plugin.workflow import retrain
from retrain_plugin.workflow.check_data import check_data
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.promote import promote
from retrain_plugin.workflow.train import train
from retrain_plugin.workflow.validate import validate
from tests.conftest import AS_OF, weeks

pytestmark = pytest.mark.usefixtures("mlflow_here")
PERSON = {"by": "ada", "reason": "it looks wrong"}


def aliases():
    return {alias: int(number) for alias, number in client().get_registered_model("events").aliases.items()}


def file_of(version, tmp_path: Path) -> Path:
    [path] = [one for one in tmp_path.rglob("model.skops") if version.source.rpartition("/")[2] in str(one)]
    return path


def tamper(version, tmp_path):
    path = file_of(version, tmp_path)
    path.write_bytes(path.read_bytes() + b"!")


def test_a_type_of_ones_own_is_stored_and_read_where_it_is_declared(model, strategy):
    mine = replace(model, estimator="tests.estimators:mine", trusted_types=["tests.estimators.Mine"])
    assert retrain(mine, strategy, as_of=AS_OF).promoted
    with pytest.raises(ModelFileError, match=r"tests\.estimators\.Mine"):
        read(model, versions("events")[0].source, None)


def test_a_disk_that_takes_no_file_is_said_with_the_models_name_and_a_remedy(model, strategy, monkeypatch, tmp_path):
    retrain(model, strategy, as_of=AS_OF)
    version = versions("events")[0]
    estimator = read(model, version.source, None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    for work in (
        lambda: read(model, version.source, None),
        lambda: store(model, estimator, pd.DataFrame({"x": [0.0]}), run_id=version.run_id, name="again"),
    ):
        with pytest.raises(RegistryError, match=r"model 'events'.*gone/.*make room on this worker's disk"):
            work()


def test_what_goes_wrong_while_a_file_is_written_is_not_taken_for_a_fault_of_the_estimator(
    model, strategy, monkeypatch
):
    retrain(model, strategy, as_of=AS_OF)
    version = versions("events")[0]
    estimator, frame = read(model, version.source, None), pd.DataFrame({"x": [0.0]})

    def fails(error):
        def dump(*_, **__):
            raise error

        monkeypatch.setattr("skops.io.dump", dump)

    fails(OSError(28, "No space left on device"))
    with pytest.raises(RegistryError, match=r"model 'events'.*No space left on device.*make room"):
        store(model, estimator, frame, run_id=version.run_id, name="full")
    fails(RecursionError("too deep"))
    with pytest.raises(TrainingError, match="model 'events': the fitted estimator cannot be stored"):
        store(model, estimator, frame, run_id=version.run_id, name="odd")


def test_a_challenger_changed_before_its_promotion_does_not_serve(model, strategy, tmp_path):
    first = retrain(model, strategy, as_of=weeks(2)[0])
    job = Job(model=model, strategy=strategy, as_of=weeks(2)[1], force=True)
    for step in (check_data, train, validate):
        step(job)
    challenger = versions("events")[-1]
    assert challenger.tags["outcome"] == "passed"
    tamper(challenger, tmp_path)
    with pytest.raises(ModelFileError, match="digest differs"):
        promote(job)
    assert aliases()["champion"] == champion("events").number == first.version
    told = runs("events")[0]
    assert told.info.status == "FAILED"
    assert "digest differs" in told.data.tags[f"{TAG}failed"]


def test_a_changed_champion_is_named_and_a_rollback_lets_the_one_before_serve(model, strategy, tmp_path):
    retrain(model, strategy, as_of=weeks(3)[0])
    second = retrain(model, strategy, as_of=weeks(3)[1])
    serving = champion("events")
    assert serving.number == second.version
    # What judges in its place is judged in its place: both files of it are spoilt.
    tamper(serving, tmp_path)
    twin = replace(serving, source=serving.tags["twin_uri"])
    tamper(twin, tmp_path)
    refused = retrain(model, strategy, as_of=weeks(3)[2])
    assert not refused.promoted
    assert "champion cannot be judged" in refused.reason
    assert "airflow retrain rollback events" in refused.reason
    assert rollback("events", **PERSON).number == 1
    assert aliases() == {"challenger": refused.version, "champion": 1}
    # And nobody brings the changed one back by mistake.
    with pytest.raises(ModelFileError, match="digest differs"):
        promote_by_hand("events", second.version, **PERSON)
    assert aliases()["champion"] == 1


def test_a_former_champion_that_was_changed_or_is_gone_is_not_rolled_back_to(model, strategy, tmp_path):
    retrain(model, strategy, as_of=weeks(2)[0])
    second = retrain(model, strategy, as_of=weeks(2)[1])
    first = versions("events")[0]
    tamper(first, tmp_path)
    with pytest.raises(ModelFileError, match="digest differs"):
        rollback("events", **PERSON)
    file_of(first, tmp_path).unlink()
    with pytest.raises(ModelFileError):
        rollback("events", **PERSON)
    assert aliases()["champion"] == second.version
    assert champion("events").number == second.version


@pytest.mark.parametrize("damage", [b"", b"not a model", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_file_whose_digest_nobody_recorded_is_named_with_a_remedy(model, strategy, tmp_path, damage):
    retrain(model, strategy, as_of=AS_OF)
    version = versions("events")[0]
    file_of(version, tmp_path).write_bytes(damage)
    with pytest.raises(ModelFileError, match=r"model 'events': the file of .* cannot be read.*retrain rollback"):
        read(model, version.source, None)


@pytest.mark.parametrize("damage", [None, b"", b"\xff\xfe", b"flavors: [", b"flavors: {sklearn: 1}"])
def test_a_model_whose_description_is_gone_or_damaged_is_not_opened(model, strategy, tmp_path, damage):
    retrain(model, strategy, as_of=AS_OF)
    version = versions("events")[0]
    description = file_of(version, tmp_path).with_name("MLmodel")
    description.unlink() if damage is None else description.write_bytes(damage)
    with pytest.raises(ModelFileError, match="not in skops format and is not opened"):
        read(model, version.source, version.tags["model_digest"])


def test_a_pickled_model_is_neither_read_nor_promoted(model, strategy):
    retrain(model, strategy, as_of=AS_OF)
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            LogisticRegression(), name="m", serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
        )
    with pytest.raises(ModelFileError, match="not in skops format"):
        read(model, logged.model_uri, None)
    made = client().create_model_version("events", logged.model_uri, model_id=logged.model_id)
    with pytest.raises(ModelFileError, match="not in skops format"):
        promote_by_hand("events", int(made.version), **PERSON)
    assert aliases()["champion"] == 1
