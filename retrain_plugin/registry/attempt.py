"""One piece of work and its one run in MLflow: found again by whoever does it again."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from sklearn.base import BaseEstimator

from retrain_plugin.declare.model import Model
from retrain_plugin.errors import RegistryError
from retrain_plugin.registry import model_store, notes
from retrain_plugin.registry.connect import address, asking, client, report_url, run_url
from retrain_plugin.registry.notes import model_card
from retrain_plugin.registry.version import TAG, Version, own_tags, set_alias, versions

log = logging.getLogger(__name__)

# The steps of a check and of a retrain in order; a run's tag `stage` names the last one that is whole.
STAGES = ("opened", "decided", "checked", "trained", "judged", "concluded")


# Tags that a check leaves, for the checks after it.
_OF_CHECKS = ("verdict.", "blind.", "exceeded.", "against", "faults", "decision", "asked_because")


@dataclass(frozen=True)
class Work:
    """What is done, for when, and by whom: its `key` is the same in every try.

    `asked` is the digest of everything that was asked for: the declarations and the estimator's
    configuration. `about` goes into the run's params, for people.
    """

    model: Model
    dag_id: str
    dag_run_id: str
    as_of: datetime
    strategy: str
    asked: str
    about: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    asked_by: str = ""
    asked_for: str = ""

    @property
    def key(self) -> str:
        """32 hex digits that stand for DAG, DAG run and model."""
        identity = json.dumps([self.dag_id, self.dag_run_id, self.model.name])
        return hashlib.sha256(identity.encode()).hexdigest()[:32]


class Attempt:
    """The MLflow run of one piece of work, from its first step to its last, through every retry."""

    def __init__(self, work: Work, run: Run) -> None:
        self.work = work
        self._run = run

    @property
    def run_id(self) -> str:
        """The run's id in MLflow."""
        return str(self._run.info.run_id)

    @property
    def url(self) -> str | None:
        """Where a person sees the run."""
        return run_url(self._run.info.experiment_id, self.run_id)

    @property
    def tags(self) -> dict[str, str]:
        """Our tags on the run, without their prefix."""
        return _ours(self._run)

    @property
    def report_url(self) -> str | None:
        """Where a person sees its report."""
        return report_url(self._run.info.experiment_id, self.run_id)

    @property
    def params(self) -> dict[str, str]:
        """What was declared, as the run's params."""
        return dict(self._run.data.params)

    @property
    def metrics(self) -> dict[str, float]:
        """What was measured so far."""
        return dict(self._run.data.metrics)

    def artifacts(self) -> set[str]:
        """The names of the artifacts recorded so far."""
        with asking(self.work.model.name):
            return {one.path for one in client().list_artifacts(self.run_id)}

    def reached(self, stage: str) -> bool:
        """Whether a step was finished by this try or an earlier one."""
        return _reached(self._run, stage)

    def bind(self, digest: str, *, name: str = "data_digest") -> None:
        """Say which rows this is about. A run that was about others is left as it is and a new one begun."""
        known = self.tags.get(name)
        if known is None:
            self.record(tags={name: digest})
        elif known != digest:
            log.info("The rows have changed since MLflow run %s: the work is done anew", self.run_id)
            with asking(self.work.model.name):
                old, self._run = self._run, _create(self.work, {name: digest})
                _close(old, superseded_by=self.run_id)
            # Why there is a retrain at all has nothing to do with the rows it trains on.
            carried = {name: value for name, value in _ours(old).items() if name.startswith(_OF_CHECKS)}
            self.record(tags=carried, stage="decided" if carried else None)

    def record(
        self,
        *,
        stage: str | None = None,
        tags: Mapping[str, str] | None = None,
        metrics: Mapping[str, float] | None = None,
        artifacts: Mapping[str, Any] | None = None,
    ) -> None:
        """Write what a step found; its `stage` last, so that a step cut short is seen to be.

        Metrics carry the as-of time, so that their charts show history as it was, not when it
        was computed. An artifact is JSON, or text where it is a string.
        """
        moment = int(self.work.as_of.timestamp() * 1000)
        to = client()
        with asking(self.work.model.name):
            for name, content in (artifacts or {}).items():
                if isinstance(content, str):
                    to.log_text(self.run_id, content, name)
                else:
                    to.log_dict(self.run_id, content, name)
            written = {**(tags or {}), **({"stage": stage} if stage else {})}
            to.log_batch(
                self.run_id,
                metrics=[Metric(name, float(value), moment, 0) for name, value in (metrics or {}).items()],
                tags=[RunTag(f"{TAG}{name}", value[:5000]) for name, value in written.items()],
            )
            self._run = to.get_run(self.run_id)

    def artifact(self, name: str) -> Any:
        """A JSON artifact that an earlier step recorded."""
        return artifact(self.work.model.name, self.run_id, name)

    def store_model(self, name: str, estimator: BaseEstimator, frame: pd.DataFrame, **tags: str) -> None:
        """Log an estimator fitted on such a frame; remember where it is and its file's digest, with further tags."""
        uri, digest = model_store.store(self.work.model, estimator, frame, run_id=self.run_id, name=name)
        self.record(tags={f"{name}_uri": uri, f"{name}_digest": digest, **tags})

    def read_model(self, name: str) -> BaseEstimator:
        """Read back what :meth:`store_model` logged."""
        tags = self.tags
        return model_store.read(self.work.model, tags[f"{name}_uri"], tags[f"{name}_digest"])

    def register(self, name: str, tags: Mapping[str, str]) -> Version:
        """Make a version of a stored model, with its tags, and give it the alias `challenger`.

        A version that an earlier try made of the same model file is that version.
        """
        model, source = self.work.model.name, self.tags[f"{name}_uri"]
        if (made := self._made(source)) is None:
            with asking(model):
                _registered(model)
                created = client().create_model_version(
                    model,
                    source,
                    run_id=self.run_id,
                    tags={f"{TAG}{tag}": value[:5000] for tag, value in tags.items()},
                    description=model_card(tags, self.params),
                    model_id=source.rpartition("/")[2],
                    await_creation_for=0,
                )
            made = Version.of(created)
        with asking(model):
            for tag, value in tags.items():
                if made.tags.get(tag) != value[:5000]:
                    client().set_model_version_tag(model, str(made.number), f"{TAG}{tag}", value[:5000])
            set_alias(model, "challenger", made.number)
        return made

    def _made(self, source: str) -> Version | None:
        mine = (one for one in versions(self.work.model.name) if one.key == self.work.key)
        return next((one for one in mine if one.source == source), None)

    def conclude(self, **tags: str) -> None:
        """All is done: record the outcome and close the run."""
        self.record(stage="concluded", tags=tags)
        with asking(self.work.model.name):
            _finish(self._run)
            _close_abandoned(self.work)


@contextmanager
def attempt(work: Work) -> Iterator[Attempt]:
    """The work's run in MLflow, begun or found again. An error inside marks it failed, with the reason.

    Raises:
        RegistryError: MLflow does not answer.
    """
    with asking(work.model.name):
        current = Attempt(work, _find(work) or _create_once(work))
    try:
        yield current
    except BaseException as error:
        _fail(current, error)
        raise


def runs(model: str, *, most: int = 500, where: str = "") -> list[Run]:
    """Our runs of a model, newest first.

    Raises:
        RegistryError: MLflow does not answer.
    """
    with asking(model):
        experiment = client().get_experiment_by_name(model)
        if experiment is None:
            return []
        return list(
            client().search_runs(
                [experiment.experiment_id],
                f"tags.`{TAG}model` = '{model}'" + (f" and {where}" if where else ""),
                max_results=most,
                order_by=["attributes.start_time DESC"],
            )
        )


def artifact(model: str, run_id: str, name: str) -> Any:
    """A JSON artifact of a run.

    Raises:
        RegistryError: it is not there, or MLflow does not answer.
    """
    return json.loads(text(model, run_id, name))


def text(model: str, run_id: str, name: str) -> str:
    """A text artifact of a run.

    Raises:
        RegistryError: it is not there, or MLflow does not answer.
    """
    with asking(model):
        return str(mlflow.artifacts.load_text(f"runs:/{run_id}/{name}"))


def _find(work: Work) -> Run | None:
    """The run of this work that was asked for the same."""
    for run in _of(work):
        if _ours(run).get("asked") != work.asked:
            log.info("The declaration has changed since MLflow run %s: the work is done anew", run.info.run_id)
            successor = _create(work)
            _close(run, superseded_by=successor.info.run_id)
            return successor
        if _ours(run).get("stage") == "concluded":
            # Whatever went wrong after that, the work is whole.
            _finish(run)
            return client().get_run(run.info.run_id)
        if run.info.status != "RUNNING":
            client().update_run(run.info.run_id, status="RUNNING")
        return run
    return None


def _of(work: Work) -> list[Run]:
    """The runs of this work that no other has superseded, oldest first."""
    found = runs(work.model.name, where=f"tags.`{TAG}key` = '{work.key}'")
    alive = [run for run in found if "superseded_by" not in _ours(run)]
    return sorted(alive, key=lambda run: (run.info.start_time, run.info.run_id))


def _create_once(work: Work) -> Run:
    """A run, begun by whichever of several tasks of a DAG run comes first: the others take its run."""
    mine = _create(work)
    first = _of(work)[0]
    if first.info.run_id != mine.info.run_id:
        _close(mine, superseded_by=first.info.run_id)
    return first


def _create(work: Work, about: Mapping[str, str] | None = None) -> Run:
    name = work.model.name
    tags = {
        "key": work.key,
        "asked": work.asked,
        "model": name,
        "dag_id": work.dag_id,
        "dag_run_id": work.dag_run_id,
        "strategy": work.strategy,
        "as_of": work.as_of.isoformat(),
        "stage": "opened",
        **({"dag_run_url": work.url} if work.url else {}),
        **({"asked_by": work.asked_by, "asked_for": work.asked_for[:1000]} if work.asked_by else {}),
        **(about or {}),
    }
    run = client().create_run(
        _experiment(name),
        # By its name, and by nothing else, MLflow puts ten thousand runs into the order of their moments in no time.
        run_name=f"{work.as_of:%Y-%m-%d %H:%M} {work.strategy}",
        tags={f"{TAG}{tag}": value for tag, value in tags.items()},
    )
    client().log_batch(run.info.run_id, params=[Param(key, value[:6000]) for key, value in work.about.items()])
    return client().get_run(run.info.run_id)


def _experiment(name: str) -> str:
    """The model's experiment, begun by whichever of several processes comes first."""
    for _ in range(3):
        found = client().get_experiment_by_name(name)
        if found is not None:
            if not found.experiment_id:
                raise RegistryError(
                    f"model {name!r}: what answers at {address()} is not MLflow's: check MLFLOW_TRACKING_URI"
                )
            if found.lifecycle_stage != "active":
                raise RegistryError(
                    f"model {name!r}: its experiment in MLflow is deleted: restore it ('mlflow experiments restore') "
                    "or delete it for good ('mlflow gc')"
                )
            return str(found.experiment_id)
        try:
            return str(client().create_experiment(name, tags={"mlflow.note.content": notes.EXPERIMENT}))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            time.sleep(0.2)
    raise RegistryError(f"model {name!r}: its experiment can be neither found nor created in MLflow")


def _registered(name: str) -> None:
    """The registered model, made by whichever of several processes comes first."""
    try:
        client().create_registered_model(name, description=notes.MODEL)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _finish(run: Run) -> None:
    if "failed" in _ours(run):
        client().delete_tag(run.info.run_id, f"{TAG}failed")
    if run.info.status != "FINISHED":
        client().set_terminated(run.info.run_id, "FINISHED")


def _close(run: Run, *, superseded_by: str) -> None:
    to = client()
    to.set_tag(run.info.run_id, f"{TAG}superseded_by", superseded_by)
    if run.info.status not in ("FINISHED", "FAILED"):
        to.set_terminated(run.info.run_id, "FAILED")


def _close_abandoned(work: Work) -> None:
    """Close what was cut off at an earlier moment of the same DAG and not tried again: later work follows it.

    Should it still be at work after all, it closes its run itself when it concludes.
    """
    for run in runs(work.model.name, where=f"attributes.status = 'RUNNING' and tags.`{TAG}dag_id` = '{work.dag_id}'"):
        ours = _ours(run)
        if datetime.fromisoformat(ours["as_of"]) < work.as_of:
            whole = ours.get("stage") == "concluded"
            if not whole:
                client().set_tag(run.info.run_id, f"{TAG}failed", "cut off, and not tried again")
            client().set_terminated(run.info.run_id, "FINISHED" if whole else "FAILED")


def _fail(current: Attempt, error: BaseException) -> None:
    """Put the reason on record; where even that fails, the error itself matters more."""
    reason = " ".join(f"{error}".split()) or type(error).__name__
    try:
        # The last step may have been carried out though its answer was lost.
        if _reached(client().get_run(current.run_id), "concluded"):
            return
        # Beside the outcome, not in its place: what was judged before the failure still holds.
        current.record(tags={"failed": reason[:1000]})
        client().set_terminated(current.run_id, "FAILED")
    except Exception:
        log.warning("The failure could not be recorded in MLflow run %s", current.run_id, exc_info=True)


def _reached(run: Run, stage: str) -> bool:
    return STAGES.index(_ours(run).get("stage", "opened")) >= STAGES.index(stage)


def _ours(run: Run) -> dict[str, str]:
    return own_tags(run.data.tags)
