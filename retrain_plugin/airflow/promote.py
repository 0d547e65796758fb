"""The operator for the last step: promote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowSkipException

from retrain_plugin.airflow.operator import ModelOperator
from retrain_plugin.declare.model import Model

if TYPE_CHECKING:
    from airflow.sdk import Context


def model_asset(model: Model) -> Asset:
    """What a DAG is scheduled on to run at every new champion of a model."""
    return Asset(name=f"model {model.name}", uri=f"x-model://{model.name}")


class PromoteOperator(ModelOperator):
    """Promote the judged version if it passed, and tell whoever is scheduled on the model's asset.

    The task is skipped where the gate refused: nothing changed, so no asset event is sent. The
    event carries ``version``, ``as_of`` and ``mlflow_run_id``.
    """

    def __init__(self, *, model: Model, **kwargs: Any) -> None:
        super().__init__(model=model, **{"outlets": [model_asset(model)], **kwargs})

    def execute(self, context: Context) -> dict[str, Any]:
        """Promote, or skip with the gate's reason."""
        from retrain_plugin.workflow.promote import promote

        return self.announce(context, self.do(context, lambda job: promote(job)[0]))

    def announce(self, context: Context, found: dict[str, Any]) -> dict[str, Any]:
        """Skip where the gate refused; else say on the asset event what was promoted."""
        if found["outcome"] != "promoted":
            raise AirflowSkipException(f"v{found['version']} is not promoted. {found['reason']}")
        about = {name: found[name] for name in ("version", "as_of", "mlflow_run_id")}
        for outlet in self.outlets:
            if isinstance(outlet, Asset):
                context["outlet_events"][outlet].extra = about
        return found
