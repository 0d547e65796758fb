"""What the page shows, read from MLflow and from Airflow's database."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from retrain_plugin.airflow.dags import ModelDag
from retrain_plugin.errors import RegistryError
from retrain_plugin.registry.attempt import artifact
from retrain_plugin.registry.record import all_versions, decided, decisions
from retrain_plugin.registry.version import champions, last, versions
from retrain_plugin.statistics.histogram import Bar, histogram
from retrain_plugin.statistics.profile import profile_from_json
from retrain_plugin.workflow.overview import Overview, overview, step, version_line

# Enough side by side for a page of models; each asks MLflow four times.
_AT_ONCE = 6
_VERSIONS = 500


@dataclass(frozen=True)
class Shown:
    """A model at a glance, and its DAGs."""

    overview: Overview
    dags: list[ModelDag]

    @property
    def next_run(self) -> datetime | None:
        """When the next of its DAGs is due."""
        due = [one.next_run for one in self.dags if one.next_run and not one.paused and one.kind != "selftest"]
        return min(due, default=None)

    def to_json(self) -> dict[str, Any]:
        """Both as JSON types."""
        return {
            **asdict(self.overview),
            "next_run": self.next_run,
            "dags": [asdict(one) for one in self.dags],
        }


def shown_models(dags: Collection[ModelDag], readable: Collection[ModelDag]) -> list[dict[str, Any]]:
    """Every model that has a version or a DAG; one whose DAGs somebody may not see is left out.

    Raises:
        RegistryError: MLflow does not answer.
    """
    known = all_versions()
    names = sorted({*known, *(one.model for one in dags)} - hidden(dags, readable))

    def shown(name: str) -> dict[str, Any]:
        mine = [one for one in readable if one.model == name]
        return Shown(overview(name, known.get(name, [])), mine).to_json()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(shown, names))


def hidden(dags: Collection[ModelDag], readable: Collection[ModelDag]) -> set[str]:
    """Models that have DAGs of which none may be seen."""
    return {one.model for one in dags} - {one.model for one in readable}


def shown_model(model: str, dags: list[ModelDag]) -> dict[str, Any]:
    """One model with its newest versions, the newest first.

    Raises:
        RegistryError: there is no such model, or MLflow does not answer.
    """
    history = versions(model)
    serving = last(champions(history))
    lines = [version_line(one, serving) for one in reversed(history[-_VERSIONS:])]
    return {
        **Shown(overview(model, history), dags).to_json(),
        "versions": [asdict(one) for one in lines],
        "versions_left_out": max(0, len(history) - _VERSIONS),
    }


def shown_decisions(model: str, *, most: int, page: str | None, within: str | None) -> dict[str, Any]:
    """A page of what was decided, the newest moment first."""
    found, following = decisions(model, most=most, page=page, within=within)
    return {"decisions": [asdict(step(one)) for one in found], "next": following}


def shown_histograms(model: str, run_id: str) -> dict[str, list[Bar]]:
    """For every feature of a check, the training rows against the newest rows.

    Raises:
        RegistryError: the run counted nothing, or what it was counted against is gone.
    """
    reference_run = decided(model, run_id).tags.get("reference_run")
    if reference_run is None:
        raise RegistryError(f"model {model!r}: MLflow run {run_id} counted no rows, so it has no histograms")
    reference = profile_from_json(artifact(model, reference_run, "profile.json"))
    window = profile_from_json(artifact(model, run_id, "window.json"))
    return {name: histogram(reference[name], one) for name, one in window.items() if name in reference}
