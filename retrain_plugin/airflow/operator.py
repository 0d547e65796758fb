"""What the operators share: a declaration, a moment, and the job that follows from both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from retrain_plugin.airflow.links import MlflowRunLink, MlflowVersionLink, ReportLink
from retrain_plugin.declare.fields import require_kind
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import Periodic
from retrain_plugin.errors import DeclarationError, SelfTestError, TrainingError, UnsoundDataError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from retrain_plugin.registry.attempt import Attempt
    from retrain_plugin.workflow.job import Job


# An Airflow notifier, or a function of the context.
Notifier = Callable[["Context"], Any]


class ModelOperator(BaseOperator):
    """One step of a model's retraining.

    Parameters:
        model, strategy: the declaration.
        as_of: the moment to decide for, ISO 8601 with a zone, templated. Without one it is the
            DAG run's param `as_of`, else the end of its data interval, else its `run_after`.
        force: train and judge even where the champion learnt from the same rows; without one, the
            DAG run's param `force`.
        on_decision: whom to tell what was decided: Airflow notifiers, or functions of the context.
            Both find the decision there as ``decision``, with ``model``, ``decision``,
            ``outcome``, ``reason``, ``version``, ``as_of`` and addresses.
    """

    template_fields: Sequence[str] = ("as_of", "force")
    operator_extra_links = (MlflowRunLink(), MlflowVersionLink(), ReportLink())
    ui_color = "#e3f0ff"

    def __init__(
        self,
        *,
        model: Model,
        strategy: Periodic,
        as_of: str | datetime | None = None,
        force: bool | str | None = None,
        on_decision: Notifier | Sequence[Notifier] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        require_kind(model, Model, field="model")
        require_kind(strategy, Periodic, field="strategy")
        self.model = model
        self.strategy = strategy
        self.as_of = as_of
        self.force = force
        self.on_decision = (on_decision,) if callable(on_decision) else tuple(on_decision)

    def do(self, context: Context, step: Callable[[Job], Attempt]) -> dict[str, Any]:
        """Run one step of the workflow for this DAG run; its outcome goes to XCom for people and links.

        What a retry cannot heal fails at once; an unreachable source or MLflow is left to Airflow's retries.
        """
        current = self.run_step(context, step)
        found = self.publish(context, current)
        if found["stage"] == "concluded":
            self._tell(context, found, current.report_url)
        return found

    def _tell(self, context: Context, found: dict[str, Any], report_url: str | None) -> None:
        """Whoever cannot be told must not undo what was decided."""
        links = {"dag_run_url": dag_run_url(context), "report_url": report_url}
        about = {**context, "decision": {"model": self.model.name, **found, **links}}
        for tell in self.on_decision:
            try:
                tell(about)  # type: ignore[arg-type]
            except Exception:
                self.log.exception("%r could not be told what was decided", tell)

    def run_step(self, context: Context, step: Callable[[Job], Attempt]) -> Attempt:
        """Do the step and return its record; what a retry cannot heal fails at once."""
        try:
            return step(job_for(context, self.model, self.strategy, as_of=self.as_of, force=self.force))
        except (DeclarationError, TrainingError, UnsoundDataError, SelfTestError) as error:
            raise AirflowFailException(str(error)) from error

    def publish(self, context: Context, current: Attempt) -> dict[str, Any]:
        """Leave the links, also for a task that will be skipped, and return what is known so far."""
        from retrain_plugin.registry.connect import version_url

        ours = current.tags
        version = int(ours["version"]) if ours.get("version") else None
        context["ti"].xcom_push(key="mlflow_run_url", value=current.url)
        context["ti"].xcom_push(key="report_url", value=current.report_url)
        context["ti"].xcom_push(
            key="mlflow_version_url", value=version_url(self.model.name, version) if version else None
        )
        return {
            "mlflow_run_id": current.run_id,
            "as_of": ours["as_of"],
            "stage": ours["stage"],
            "decision": ours.get("decision"),
            "version": version,
            "outcome": ours.get("outcome"),
            "reason": ours.get("reason"),
        }


def job_for(
    context: Context,
    model: Model,
    strategy: Periodic,
    *,
    as_of: str | datetime | None,
    force: bool | str | None = None,
    dag_id: str = "",
) -> Job:
    """What is to be done in this DAG run; MLflow is found on the way.

    Raises:
        DeclarationError: the moment is no date, has no zone, or lies in the future.
    """
    from retrain_plugin.airflow.connections import connection_address, use_mlflow_connection
    from retrain_plugin.workflow.job import Job

    use_mlflow_connection()
    asked = context["dag_run"].conf or {}
    return Job(
        model=model,
        strategy=strategy,
        as_of=moment_of(context, as_of),
        dag_id=dag_id or context["ti"].dag_id,
        dag_run_id=context["ti"].run_id,
        force=_asked(context["params"].get("force") if force is None else force),
        url=dag_run_url(context),
        asked_by=str(asked.get("asked_by") or _by_hand(context)),
        asked_for=str(asked.get("asked_for") or ""),
        connections=connection_address,
    )


def moment_of(context: Context, asked: str | datetime | None) -> datetime:
    """The moment a DAG run decides for.

    Raises:
        DeclarationError: it is not a date and time.
    """
    moment = asked or context["params"].get("as_of")
    if not moment:
        run = context["dag_run"]
        return run.data_interval_end or run.run_after
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise DeclarationError(
                f"as_of={moment!r} is not a date and time: write it as 2013-06-02T00:00:00+00:00"
            ) from None
    return moment


def _by_hand(context: Context) -> str:
    """Who started the run in Airflow's own UI or API; nobody, where the calendar or a backfill did."""
    run = context["dag_run"]
    return (getattr(run, "triggering_user_name", None) or "") if run.run_type == "manual" else ""


def dag_run_url(context: Context) -> str | None:
    """The DAG run's page in Airflow, where its address is known."""
    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="").rstrip("/")
    return f"{base}/dags/{context['ti'].dag_id}/runs/{context['ti'].run_id}" if base else None


def _asked(force: Any) -> bool:
    """A templated flag arrives as text."""
    if isinstance(force, str):
        return force.strip().lower() in ("true", "1", "yes")
    return bool(force)
