"""Who may look and who may act: Airflow's own login and permissions, asked for every request."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_view
from fastapi import Depends, Header, HTTPException, status

from retrain_plugin.airflow.dags import ModelDag

# Whoever may see plugins' pages may look.
MayLook = Depends(requires_access_view(AccessView.PLUGINS))
User = GetUserDep
SENT_BY_PAGE = "retraining-page"


def sent_by_page(x_requested_with: Annotated[str, Header()] = "") -> None:
    """Refuse what another site's page could make a browser send: no such page can set this header."""
    if x_requested_with != SENT_BY_PAGE:
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, f"send the header X-Requested-With: {SENT_BY_PAGE}, which other sites cannot"
        )


def readable(user: BaseUser, dags: Collection[ModelDag]) -> list[ModelDag]:
    """Those of some DAGs that a user may see."""
    return [one for one in dags if _may(user, "GET", one)]


def may_start(user: BaseUser, dag: ModelDag) -> bool:
    """Whether a user may start runs of a DAG."""
    details = DagDetails(id=dag.dag_id)
    asked = get_auth_manager().is_authorized_dag
    return bool(asked(method="POST", access_entity=DagAccessEntity.RUN, details=details, user=user))


def may_decide(user: BaseUser, dags: Collection[ModelDag]) -> bool:
    """Whether a user may say who serves: whoever may edit every DAG of the model, of which there is at least one."""
    return bool(dags) and all(_may(user, "PUT", one) for one in dags)


def _may(user: BaseUser, method: str, dag: ModelDag) -> bool:
    asked = get_auth_manager().is_authorized_dag
    return bool(asked(method=method, details=DagDetails(id=dag.dag_id), user=user))  # type: ignore[arg-type]
