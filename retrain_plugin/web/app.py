"""The page's addresses below Airflow's own: one HTML page, its scripts, and a small JSON API.

Everything asks for Airflow's login. Errors are JSON with their words in ``detail``: 401 without a
login, 403 without the right, 404 where there is no such thing, 409 where an act cannot be done, 422
where what was sent is malformed, 503 where MLflow does not answer. ``docs/api.md`` describes it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path as File
from threading import Thread
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request, status
from fastapi.responses import FileResponse, JSONResponse, Response

from retrain_plugin.airflow.connections import use_mlflow_connection
from retrain_plugin.airflow.dags import ModelDag, model_dags
from retrain_plugin.declare.model import MODEL_NAME
from retrain_plugin.errors import DeclarationError, RetrainError
from retrain_plugin.web.access import MayLook, User, readable, sent_by_page
from retrain_plugin.web.act import Act, Asked, act_on, rights

_PAGE = File(__file__).parent / "page"
_HEADERS = {
    # Nothing from elsewhere, nothing inline, and shown inside Airflow's own pages alone.
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
ModelName = Annotated[str, Path(pattern=f"^{MODEL_NAME.pattern}$")]

# FastAPI's own pages of documentation would be open to anybody.
app = FastAPI(title="Retraining", dependencies=[MayLook], docs_url=None, redoc_url=None, openapi_url=None)


@app.middleware("http")
async def _guarded(request: Request, proceed: Any) -> Response:
    answer: Response = await proceed(request)
    answer.headers.update(_HEADERS)
    return answer


@app.exception_handler(RetrainError)
def _refused(request: Request, error: RetrainError) -> JSONResponse:
    """An error of ours in words: what MLflow does not answer is tried again later, the rest is up to the user."""
    if isinstance(error, DeclarationError):
        code = status.HTTP_409_CONFLICT if request.method == "POST" else status.HTTP_422_UNPROCESSABLE_CONTENT
    elif request.method == "POST":
        code = status.HTTP_409_CONFLICT
    else:
        code = status.HTTP_503_SERVICE_UNAVAILABLE
    return JSONResponse({"detail": str(error)}, code)


@app.get("/")
def page() -> FileResponse:
    """The page."""
    return FileResponse(_PAGE / "index.html", media_type="text/html")


@app.get("/page/{name}")
def part(name: Annotated[str, Path(pattern=r"^[a-z]+\.(js|css|svg)$")]) -> FileResponse:
    """One of its scripts, its style, its icon."""
    if not (found := _PAGE / name).is_file():
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no {name}")
    return FileResponse(found)


@app.get("/api/models")
def models(user: User) -> dict[str, Any]:
    """Every model at a glance."""
    _reach_mlflow()
    from retrain_plugin.web.read import shown_models

    dags = model_dags()
    return {"models": shown_models(dags, readable(user, dags))}


@app.get("/api/models/{model}")
def model(model: ModelName, user: User) -> dict[str, Any]:
    """One model: at a glance, its versions, its DAGs, and what this user may do to it."""
    dags = _of(model, user)
    _reach_mlflow()
    from retrain_plugin.web.read import shown_model

    found = shown_model(model, dags)
    if not found["versions"] and not dags:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"neither MLflow nor Airflow knows a model {model!r}")
    return {**found, "acts": rights(model, user, dags)}


@app.get("/api/models/{model}/decisions")
def decisions(
    model: ModelName,
    user: User,
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
    page: str | None = None,
    within: Annotated[str | None, Query(max_length=13)] = None,
) -> dict[str, Any]:
    """A page of what was decided, the newest moment first; `within` a year, month or day."""
    _of(model, user)
    _reach_mlflow()
    from retrain_plugin.web.read import shown_decisions

    return shown_decisions(model, most=most, page=page, within=within)


@app.get("/api/models/{model}/histograms/{run_id}")
def histograms(model: ModelName, run_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")], user: User) -> dict[str, Any]:
    """By feature, the training rows against the newest rows of a check."""
    _of(model, user)
    _reach_mlflow()
    from retrain_plugin.web.read import shown_histograms

    return {"features": shown_histograms(model, run_id)}


@app.post("/api/models/{model}/acts/{act}", dependencies=[Depends(sent_by_page)])
def act(model: ModelName, act: Act, asked: Asked, user: User) -> dict[str, str]:
    """Do something to a model, with a reason."""
    dags = _of(model, user)
    _reach_mlflow()
    return {"done": act_on(model, act, asked, user, dags)}


@app.get("/api/dags/{dag_id}")
def dag(dag_id: str, user: User) -> dict[str, str | None]:
    """The model that a DAG looks after, if it does."""
    found = next((one for one in readable(user, model_dags()) if one.dag_id == dag_id), None)
    return {"model": found.model if found else None}


def _of(model: str, user: User) -> list[ModelDag]:
    """A model's DAGs that a user may see; a model is hidden from whoever may see none of its DAGs."""
    dags = model_dags(model)
    seen = readable(user, dags)
    if dags and not seen:
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"you may not see the DAGs of model {model!r}")
    return seen


def _reach_mlflow() -> None:
    """Find MLflow, and hear at once where it does not answer."""
    from retrain_plugin.registry.connect import require_answer

    use_mlflow_connection()
    require_answer()


# MLflow is imported while the page itself is on its way: that takes seconds.
Thread(target=import_module, args=("retrain_plugin.web.read",), name="retraining-page-imports", daemon=True).start()
