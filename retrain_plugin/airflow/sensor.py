"""Sensors that ask one trigger each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout, AirflowSkipException

from retrain_plugin.airflow.links import MlflowRunLink
from retrain_plugin.airflow.operator import job_for
from retrain_plugin.declare.continual import Continual
from retrain_plugin.declare.fields import require_kind
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.trigger import KS, PSI, Decay, MaxAge, Trigger
from retrain_plugin.declare.triggered import Triggered
from retrain_plugin.errors import DeclarationError

if TYPE_CHECKING:
    from airflow.sdk import Context

Until = Literal["fired", "known", "said"]
_ENOUGH: dict[str, tuple[str, ...]] = {
    "fired": ("fired",),
    "known": ("fired", "quiet"),
    "said": ("fired", "quiet", "insufficient", "error"),
}


class TriggerSensor(BaseSensorOperator):
    """Waits until a trigger fires, by looking at the rows of one moment again and again as they arrive.

    Its verdict, with every number behind it, is in MLflow and, in short, in the XCom ``verdict``.

    Parameters:
        model: whose champion is looked after.
        trigger: what to ask; its options may be given as arguments instead.
        window: length of the newest rows.
        until: ``"fired"``; ``"known"``: until there are enough rows and labels to say; ``"said"``:
            whatever it says, which a decision has to weigh.
        as_of: the moment, ISO 8601 with a zone, templated; as for the operators.
        deferrable: wait in the triggerer between two looks instead of rescheduling.
        strategy: one that has the trigger, whose window then holds; the checks of all its triggers
            are then on one record. Without one, each sensor keeps its own.
        kwargs: those of any sensor. It reschedules once a minute unless told otherwise;
            `timeout` and `soft_fail` do what they always do.

    Raises:
        DeclarationError: naming the argument that is wrong.
    """

    template_fields: Sequence[str] = ("as_of",)
    operator_extra_links = (MlflowRunLink(),)
    ui_color = "#fff4d6"
    kind: type[Trigger] | None = None

    def __init__(
        self,
        *,
        model: Model,
        trigger: Trigger | None = None,
        window: str = "7D",
        until: Until = "fired",
        as_of: str | datetime | None = None,
        deferrable: bool = False,
        strategy: Triggered | Continual | None = None,
        **kwargs: Any,
    ) -> None:
        options = {name: kwargs.pop(name) for name in list(kwargs) if name in _options(self.kind)}
        super().__init__(**{"mode": "reschedule", "poke_interval": 60, **kwargs})
        require_kind(model, Model, field="model")
        if until not in _ENOUGH:
            raise DeclarationError(f"until={until!r} must be one of {', '.join(_ENOUGH)}")
        if trigger is None:
            if self.kind is None:
                raise DeclarationError("trigger: say which, such as PSI() or Decay('roc_auc', drop=0.02)")
            trigger = self.kind(**options)
        elif options:
            raise DeclarationError(f"{', '.join(options)}: give them to the trigger, or no trigger")
        require_kind(trigger, self.kind or (PSI, KS, Decay, MaxAge), field="trigger")
        self.model = model
        self.trigger = trigger
        self.alone = strategy is None
        # Nothing decides by a strategy made up here: it carries the window to look at.
        self.strategy: Triggered | Continual = strategy or Triggered(
            schedule="@daily", window=window, when=trigger, max_age="36500D"
        )
        self.until = until
        self.as_of = as_of
        self.deferrable = deferrable

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask once, record the verdict, and say whether that is enough."""
        from retrain_plugin.workflow.ask import ask

        dag_id = f"{context['ti'].dag_id}.{self.task_id}" if self.alone else ""
        try:
            job = job_for(context, self.model, self.strategy, as_of=self.as_of, dag_id=dag_id)
            current = ask(job, self.trigger.label)
        except DeclarationError as error:
            raise AirflowFailException(str(error)) from error
        state = current.tags[f"verdict.{self.trigger.label}"]
        verdict = current.artifact(f"verdicts/{self.trigger.label}.json")
        if self.alone:
            current.conclude(outcome=state, reason=verdict["reason"])
        told = {name: verdict[name] for name in ("trigger", "state", "reason", "statistic", "threshold", "rows")}
        context["ti"].xcom_push(key="mlflow_run_url", value=current.url)
        context["ti"].xcom_push(key="verdict", value=told)
        return PokeReturnValue(is_done=state in _ENOUGH[self.until], xcom_value=told)

    def execute(self, context: Context) -> Any:
        """Look, and wait as the mode says."""
        if not self.deferrable:
            return super().execute(context)
        return self.look_again(context, None, datetime.now(timezone.utc).isoformat())

    def look_again(self, context: Context, event: Any, begun: str) -> Any:
        """Look; where that is not enough yet, wait in the triggerer until the next look or the time-out."""
        found = self.poke(context)
        if not found.is_done:
            self._wait_elsewhere(begun)
        return found.xcom_value

    def _wait_elsewhere(self, begun: str) -> None:
        waited = (datetime.now(timezone.utc) - datetime.fromisoformat(begun)).total_seconds()
        if waited + self.poke_interval > self.timeout:
            said = f"{self.trigger.label} was not {self.until} within {self.timeout:g} s"
            raise AirflowSkipException(said) if self.soft_fail else AirflowSensorTimeout(said)
        from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=self.poke_interval)),
            method_name="look_again",
            kwargs={"begun": begun},
        )


class PSISensor(TriggerSensor):
    """Waits until the population stability index says that the rows have changed; takes the options of :class:`PSI`."""

    kind = PSI


class KSSensor(TriggerSensor):
    """Waits until the Kolmogorov-Smirnov test says that the rows have changed; takes the options of :class:`KS`."""

    kind = KS


class DecaySensor(TriggerSensor):
    """Waits until the champion's metric has decayed; takes the options of :class:`Decay`."""

    kind = Decay


class MaxAgeSensor(TriggerSensor):
    """Waits until the champion is too old; takes the option of :class:`MaxAge`."""

    kind = MaxAge


def _options(kind: type[Trigger] | None) -> tuple[str, ...]:
    from dataclasses import fields

    # `name` would be an option of the trigger's, and no sensor takes it.
    return tuple(one.name for one in fields(kind)) if kind else ()
