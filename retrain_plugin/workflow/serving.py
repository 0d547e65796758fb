"""The champion that a check looks at, and what is on record about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from retrain_plugin.decide.decay import Standard
from retrain_plugin.registry.attempt import Attempt, artifact
from retrain_plugin.registry.checks import Past, past
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.version import Version, champion_met, versions
from retrain_plugin.statistics.bootstrap import Estimate
from retrain_plugin.statistics.profile import Profile, profile_from_json
from retrain_plugin.workflow.job import Job


@dataclass(frozen=True)
class Serving:
    """The champion as of a job's moment; what is on record about it is read when it is asked for."""

    version: Version

    @cached_property
    def reference(self) -> dict[str, Profile]:
        """The profile of the rows of its last full fit."""
        return profile_from_json(self._recorded("profile.json"))

    @cached_property
    def shape(self) -> dict[str, Profile]:
        """The profile of its twin's predictions on the holdout."""
        return profile_from_json(self._recorded("prediction.json"))

    @cached_property
    def importance(self) -> dict[str, float]:
        """Each feature's share of its importance."""
        shares: dict[str, float] = self._recorded("importance.json")
        return shares

    def _recorded(self, name: str) -> Any:
        return artifact(self.version.model, self.version.full_fit_run_id, name)

    @property
    def name(self) -> str:
        """How people call it."""
        return self.version.name

    def estimator(self, job: Job) -> Any:
        """The fitted estimator that serves."""
        return read(job.model, self.version.tags["model_uri"], self.version.tags["model_digest"])

    def twin(self, job: Job) -> Any:
        """The fitted estimator that was judged: it has seen neither the holdout nor anything newer."""
        return read(job.model, self.version.tags["twin_uri"], self.version.tags["twin_digest"])

    def standard(self, metric: str) -> Standard | None:
        """What it scored before it was promoted."""
        found = self._recorded("scores.json").get(metric)
        if found is None:
            return None
        score = Estimate(found["value"], found["low"], found["high"])
        return Standard(f"at {self.name}'s promotion", score, found["confidence"])


def serving(job: Job, current: Attempt) -> Serving | None:
    """The champion as of the job's moment; what this very work has promoted does not count."""
    history = [one for one in versions(job.model.name) if one.key != current.work.key]
    found = champion_met(history, job.as_of, current.tags.get("against"))
    return Serving(found) if found else None


def earlier(job: Job) -> Past:
    """What happened to the model before the job's moment."""
    return past(job.model.name, job.dag_id, job.as_of)
