"""A model's DAGs as this Airflow's database knows them, and starting one by hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models.dag import DagModel, DagTag
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import select

from retrain_plugin.airflow.tags import MODEL_TAG
from retrain_plugin.errors import DeclarationError

KINDS = ("periodic", "triggered", "continual", "selftest")
# What each act may start, the best first. Where the first does not exist, the next will do.
_BY_ACT = {
    "run": ("periodic", "triggered", "continual"),
    "check": ("triggered",),
    "update": ("continual",),
    "drill": ("selftest",),
}


@dataclass(frozen=True)
class ModelDag:
    """One DAG of a model."""

    dag_id: str
    model: str
    kind: str
    paused: bool
    next_run: datetime | None


def model_dags(model: str | None = None) -> list[ModelDag]:
    """The DAGs that `retraining_dag` and `selftest_dag` made, of one model or of all, known by their tags."""
    with create_session() as session:
        rows = session.scalars(
            select(DagModel).where(
                DagModel.is_stale.is_(False),
                DagModel.dag_id.in_(select(DagTag.dag_id).where(DagTag.name == "retrain")),
                *(
                    [DagModel.dag_id.in_(select(DagTag.dag_id).where(DagTag.name == f"{MODEL_TAG}{model}"))]
                    if model
                    else []
                ),
            )
        ).all()
        found = [_of(one) for one in rows]
    return sorted((one for one in found if one), key=lambda one: (one.model, KINDS.index(one.kind), one.dag_id))


def dag_for(model: str, act: str, dags: Collection[ModelDag], dag_id: str | None = None) -> ModelDag:
    """The DAG that an act starts: ``run``, ``check``, ``update`` or ``drill``.

    Raises:
        DeclarationError: the model has none that does it, or not the one asked for.
    """
    fit = [one for kind in _BY_ACT[act] for one in dags if one.kind == kind]
    found = next((one for one in fit if dag_id in (None, one.dag_id)), None)
    if found is None:
        there = ", ".join(f"{one.dag_id} ({one.kind})" for one in dags) or "none"
        asked = f"DAG {dag_id!r}" if dag_id else f"{' or '.join(_BY_ACT[act])} DAG"
        raise DeclarationError(f"model {model!r} has no {asked} to {act} in this Airflow; its DAGs are: {there}")
    return found


def start(
    dag: ModelDag, *, by: str, reason: str, force: bool = False, as_of: datetime | None = None, by_command: bool = False
) -> str:
    """Begin a run of a DAG as of now, or of another moment; who and why are on record. Returns the run's id.

    Raises:
        DeclarationError: the DAG is paused, so that the run would wait for ever.
    """
    if dag.paused:
        raise DeclarationError(
            f"DAG {dag.dag_id!r} is paused in Airflow, so that its run would wait: unpause it first "
            f"(`airflow dags unpause {dag.dag_id}`)"
        )
    now = datetime.now(timezone.utc)
    conf: dict[str, Any] = {"asked_by": by, "asked_for": reason[:500]}
    if dag.kind != "selftest":
        conf |= {"force": force, **({"as_of": as_of.isoformat()} if as_of else {})}
    run = trigger_dag(
        dag_id=dag.dag_id,
        triggered_by=DagRunTriggeredByType.CLI if by_command else DagRunTriggeredByType.REST_API,
        triggering_user_name=by,
        run_after=now,
        conf=conf,
        note=f"{by}: {reason}"[:1000],
    )
    assert run is not None
    return str(run.run_id)


def _of(row: DagModel) -> ModelDag | None:
    names = {tag.name for tag in row.tags}
    kind = next((kind for kind in KINDS if kind in names), None)
    model = next((name.removeprefix(MODEL_TAG) for name in sorted(names) if name.startswith(MODEL_TAG)), None)
    if kind is None or model is None:
        return None
    return ModelDag(row.dag_id, model, kind, bool(row.is_paused), row.next_dagrun_create_after)
