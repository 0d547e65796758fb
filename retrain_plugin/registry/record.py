"""What is on record about models, as people look at it: newest first, a page at a time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from retrain_plugin.errors import DeclarationError, RegistryError
from retrain_plugin.registry.connect import asking, client, not_found, run_url
from retrain_plugin.registry.version import TAG, Version, own_tags

# The beginning of a moment as ISO 8601 writes it: a year, a month, a day, an hour.
_WITHIN = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2})?)?)?")


@dataclass(frozen=True)
class Decided:
    """One piece of work: its moment, our tags without their prefix, metrics and params, and where people see it."""

    run_id: str
    as_of: datetime
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    url: str | None

    @property
    def outcome(self) -> str:
        """What came of it; ``failed`` where it failed, ``open`` where it is still at work."""
        return "failed" if "failed" in self.tags else self.tags.get("outcome", "open")

    @property
    def reason(self) -> str:
        """Why, in words."""
        return self.tags.get("failed") or self.tags.get("reason", "")

    @property
    def decision(self) -> str:
        """What was decided; empty where nothing was yet."""
        return self.tags.get("decision", "")

    @property
    def rebased(self) -> bool:
        """Whether an update trained in full."""
        return self.decision == "retrain"

    def state(self, trigger: str) -> str | None:
        """What a trigger said."""
        return self.tags.get(f"verdict.{trigger}")

    def blind(self, trigger: str) -> bool:
        """Whether a trigger could say nothing and should have."""
        return self.tags.get(f"blind.{trigger}") == "1"

    @property
    def cost_seconds(self) -> float:
        """Seconds of fitting."""
        return float(self.tags.get("cost_seconds", 0))

    @classmethod
    def of(cls, run: Run) -> Decided:
        """From what MLflow says of a run."""
        ours = own_tags(run.data.tags)
        moment = datetime.fromisoformat(ours["as_of"])
        url = run_url(run.info.experiment_id, run.info.run_id)
        return cls(run.info.run_id, moment, ours, run.data.metrics, run.data.params, url)


def decisions(
    model: str, *, most: int = 100, page: str | None = None, within: str | None = None, where: str = ""
) -> tuple[list[Decided], str | None]:
    """A page of a model's work, the newest moment first, and the name of the next page, if there is one.

    What a later try superseded is left out, so that a page may hold a little less than `most`.

    Parameters:
        page: as an earlier call named it.
        within: only moments that begin like this, such as ``2013``, ``2013-06`` or ``2013-06-02``, in UTC.
        where: a further condition in MLflow's search syntax.

    Raises:
        DeclarationError: `within` is no beginning of a date.
        RegistryError: MLflow does not answer.
    """
    conditions = [f"tags.`{TAG}model` = '{model}'", *([where] if where else [])]
    if within:
        if not _WITHIN.fullmatch(within):
            raise DeclarationError(f"within={within!r} must be the beginning of a date, such as 2013, 2013-06")
        conditions.append(f"attributes.run_name LIKE '{within.replace('T', ' ')}%'")
    with asking(model):
        experiment = client().get_experiment_by_name(model)
        if experiment is None:
            return [], None
        found = client().search_runs(
            [experiment.experiment_id],
            " and ".join(conditions),
            max_results=most,
            order_by=["attributes.run_name DESC", "attributes.start_time DESC"],
            page_token=page,
        )
    shown = [Decided.of(run) for run in found if f"{TAG}superseded_by" not in run.data.tags]
    return shown, found.token or None


def decided_before(model: str, moment: datetime, *, most: int, where: str) -> list[Decided]:
    """The newest work that was decided for earlier moments, oldest first; it costs what it returns, not what there is.

    Only a backfill, whose moment is not the newest, has to turn pages until it comes to its own past.

    Raises:
        RegistryError: MLflow does not answer.
    """
    found: list[Decided] = []
    page: str | None = None
    while True:
        # Usually the newest is the work that asks.
        shown, page = decisions(model, most=most + 1, page=page, where=where)
        found += [one for one in shown if one.as_of < moment]
        if len(found) >= most or page is None:
            # Names tell moments to the minute only.
            return sorted(found[:most], key=lambda one: one.as_of)


def decided(model: str, run_id: str) -> Decided:
    """One piece of work of a model.

    Raises:
        RegistryError: the model has no such run, or MLflow does not answer.
    """
    with asking(model):
        try:
            run = client().get_run(run_id)
        except MlflowException as error:
            if not not_found(error):
                raise
            run = None
    if run is None or run.data.tags.get(f"{TAG}model") != model:
        raise RegistryError(f"model {model!r} has no MLflow run {run_id!r}")
    return Decided.of(run)


def all_versions() -> dict[str, list[Version]]:
    """Every version of ours, by model, oldest number first.

    Raises:
        RegistryError: MLflow does not answer.
    """
    found: dict[str, list[Version]] = defaultdict(list)
    token: str | None = None
    with asking("all"):
        while token is None or token:
            ours = f"tag.`{TAG}key` != ''"
            page = client().search_model_versions(ours, max_results=10_000, page_token=token or None)
            for one in page:
                found[one.name].append(Version.of(one))
            token = page.token or ""
    return {name: sorted(some, key=lambda one: one.number) for name, some in sorted(found.items())}
