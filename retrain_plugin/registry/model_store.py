"""Fitted estimators in MLflow, in skops format only: reading one never runs code from the file."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import mlflow
import pandas as pd
import yaml
from mlflow.entities import LoggedModelOutput
from mlflow.exceptions import MlflowException
from mlflow.models.signature import ModelSignature
from mlflow.types.schema import ColSpec, Schema
from sklearn.base import BaseEstimator

from retrain_plugin.declare.model import Model
from retrain_plugin.errors import ModelFileError, RegistryError, TrainingError
from retrain_plugin.registry.connect import asking, client, not_found
from retrain_plugin.registry.trusted import SCIKIT_LEARN
from retrain_plugin.registry.version import Version

with warnings.catch_warnings():
    # skops looks its types up in every loaded module, and Airflow's deprecated ones each complain.
    warnings.simplefilter("ignore")
    import skops.io

_FILE = "model.skops"


def store(model: Model, estimator: BaseEstimator, frame: pd.DataFrame, *, run_id: str, name: str) -> tuple[str, str]:
    """Log a fitted estimator under a run; return its URI and the digest of its file.

    Raises:
        TrainingError: the estimator contains types that neither scikit-learn nor the model declares.
        RegistryError: MLflow does not answer, or the disk is full.
    """
    known = {*SCIKIT_LEARN, *model.trusted_types}
    with _folder(model.name) as folder:
        path = folder / "model"
        contained = _types(model, skops.io.dumps(estimator), known)
        try:
            mlflow.sklearn.save_model(
                estimator,
                str(path),
                serialization_format="skops",
                skops_trusted_types=contained,
                signature=_signature(estimator, frame),
                # Given, because MLflow otherwise finds them by loading the model in a new process.
                pip_requirements=[
                    f"{name}=={installed(name)}" for name in ("scikit-learn", "skops", "pandas", "numpy")
                ],
            )
        except MlflowException as error:
            # MLflow takes whatever goes wrong here for a fault of the format.
            if isinstance(cause := error.__cause__ or error.__context__, OSError):
                raise cause from None
            raise TrainingError(f"model {model.name!r}: the fitted estimator cannot be stored: {error}") from error
        digest = _digest(path / _FILE)
        with asking(model.name):
            to = client()
            logged = to.create_logged_model(
                to.get_run(run_id).info.experiment_id,
                name=name,
                source_run_id=run_id,
                tags={"retrain.model_digest": digest},
            )
            to.log_model_artifacts(logged.model_id, str(path))
            to.finalize_logged_model(logged.model_id, "READY")
            to.log_outputs(run_id, [LoggedModelOutput(logged.model_id, 0)])
    return logged.model_uri, digest


def read(model: Model, uri: str, digest: str | None) -> BaseEstimator:
    """Read an estimator back.

    Raises:
        ModelFileError: no such model, not in skops format, not the file whose digest was recorded,
            or it contains types that nobody declared.
        RegistryError: MLflow does not answer.
    """
    with _fetched(model.name, uri, digest) as path:
        known = {*SCIKIT_LEARN, *model.trusted_types}
        try:
            return skops.io.load(path, trusted=_types(model, path.read_bytes(), known))
        except TrainingError as error:
            raise ModelFileError(str(error)) from None
        except (OSError, MemoryError):
            raise
        except Exception as error:
            # Each kind of damage is another kind of error.
            raise ModelFileError(
                f"model {model.name!r}: the file of {uri} cannot be read: {error}. {_remedy(model.name)}"
            ) from error


def require_untouched(version: Version) -> None:
    """See to it that a version that is to serve is still the file that was judged.

    Raises:
        ModelFileError: it is gone, not in skops format, or its digest is not the one recorded.
        RegistryError: MLflow does not answer.
    """
    with _fetched(version.model, version.source, version.tags.get("model_digest")):
        pass


@contextmanager
def _fetched(model: str, uri: str, digest: str | None) -> Iterator[Path]:
    """A model's file, fetched and found to be what it should be, but not opened."""
    with _folder(model) as folder:
        with asking(model):
            try:
                path = Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder)))
            except MlflowException as error:
                if not_found(error):
                    raise ModelFileError(f"model {model!r}: {uri} is gone from MLflow. {_remedy(model)}") from None
                raise
        if _format(path) != "skops" or not (path / _FILE).is_file():
            raise ModelFileError(
                f"model {model!r}: {uri} is not in skops format and is not opened, since unpickling runs "
                "whatever code the file holds: log it again with serialization_format='skops'"
            )
        if digest and _digest(path / _FILE) != digest:
            raise ModelFileError(
                f"model {model!r}: the file of {uri} is not the one that was recorded (its digest differs): "
                f"somebody or something changed it. {_remedy(model)}"
            )
        yield path / _FILE


def _format(path: Path) -> object:
    """The format that a model's description names; None where there is none, or none that can be read."""
    try:
        return yaml.safe_load((path / "MLmodel").read_text())["flavors"]["sklearn"]["serialization_format"]
    except (FileNotFoundError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError):
        return None


def _remedy(model: str) -> str:
    return f"Restore the artifact, let another version serve (`airflow retrain rollback {model}`), or retrain"


@contextmanager
def _folder(model: str) -> Iterator[Path]:
    """A folder for the time being; what the disk refuses is said with a remedy."""
    try:
        with TemporaryDirectory(prefix="retrain-") as folder:
            yield Path(folder)
    except OSError as error:
        raise RegistryError(
            f"model {model!r}: its file cannot be written to or read from {error.filename or gettempdir()}: "
            f"{error.strerror or error}. Nothing was promoted and the champion keeps serving: make room on this "
            "worker's disk, or let TMPDIR name another, then clear the failed task"
        ) from error


def _types(model: Model, data: bytes, known: Iterable[str]) -> list[str]:
    contained: list[str] = skops.io.get_untrusted_types(data=data)
    if unknown := sorted(set(contained) - set(known)):
        raise TrainingError(
            f"model {model.name!r}: the fitted estimator contains types that are not scikit-learn's own: "
            f"{', '.join(unknown)}. If they are yours, declare Model(trusted_types={unknown!r})"
        )
    return contained


def _signature(estimator: BaseEstimator, frame: pd.DataFrame) -> ModelSignature:
    inputs = Schema(
        [
            ColSpec("string" if isinstance(kind, pd.CategoricalDtype) else "double", str(name), required=False)
            for name, kind in frame.dtypes.items()
        ]
    )
    classes = getattr(estimator, "classes_", None)
    output = {"i": "long", "O": "string", "U": "string"}.get("f" if classes is None else classes.dtype.kind, "double")
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec(output)]))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
