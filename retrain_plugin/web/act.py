"""What people do from the page: the same as by the command line, once they were asked and have said why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import HTTPException, status
from pydantic import BaseModel, StringConstraints

from retrain_plugin.airflow.announce import announce
from retrain_plugin.airflow.dags import ModelDag, dag_for, start
from retrain_plugin.errors import DeclarationError
from retrain_plugin.web.access import may_decide, may_start

Act = Literal["run", "check", "update", "drill", "rollback", "pause", "resume"]
STARTS: tuple[Act, ...] = ("run", "check", "update", "drill")
DECIDES: tuple[Act, ...] = ("rollback", "pause", "resume")


class Asked(BaseModel):
    """Why, and for a rollback to which version: the one before the champion unless given."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    version: int | None = None
    dag_id: str | None = None


@dataclass(frozen=True)
class Right:
    """Whether a user may do something, and with which DAG where it starts one."""

    act: Act
    allowed: bool
    dag_id: str | None = None


def rights(model: str, user: BaseUser, dags: Collection[ModelDag]) -> list[Right]:
    """What a user may do to a model with such DAGs; what none of them can do is left out."""
    found = []
    for act in STARTS:
        try:
            dag = dag_for(model, act, dags)
        except DeclarationError:
            continue
        found.append(Right(act, may_start(user, dag), dag.dag_id))
    return found + [Right(act, may_decide(user, dags)) for act in DECIDES if dags]


def act_on(model: str, act: Act, asked: Asked, user: BaseUser, dags: Collection[ModelDag]) -> str:
    """Do it, and say what was done.

    Raises:
        HTTPException: 403, the user may not.
        RetrainError: it cannot be done, and why.
    """
    by = str(user.get_name())
    if act in STARTS:
        dag = dag_for(model, act, dags, asked.dag_id)
        _require(may_start(user, dag), f"start {dag.dag_id}")
        run_id = start(dag, by=by, reason=asked.reason, force=act == "run")
        return f"{dag.dag_id} was started: {run_id}"
    _require(may_decide(user, dags), f"decide who serves of {model}: that needs the right to edit all its DAGs")
    from retrain_plugin.registry import intervene

    if act == "pause":
        return str(intervene.pause(model, by=by, reason=asked.reason))
    if act == "resume":
        intervene.resume(model, by=by, reason=asked.reason)
        return "Versions that pass are promoted again, from the next run on"
    target = intervene.rollback(model, to=asked.version, by=by, reason=asked.reason)
    announce(target, asked.reason)
    return f"v{target.number} serves again; what served after it is retired as of now"


def _require(allowed: bool, what: str) -> None:
    if not allowed:
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"you may not {what}")
