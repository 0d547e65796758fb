"""The versions of a model, and who was champion when: derived from tags, stored nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from retrain_plugin.registry.connect import asking, client, not_found

TAG = "retrain."


@dataclass(frozen=True)
class Version:
    """One version in the registry. `tags` are those of ours, without their ``retrain.`` prefix."""

    model: str
    number: int
    run_id: str
    source: str
    tags: Mapping[str, str]

    @classmethod
    def of(cls, found: ModelVersion) -> Version:
        """From what MLflow says of it."""
        return cls(found.name, int(found.version), found.run_id or "", found.source or "", own_tags(found.tags))

    @property
    def name(self) -> str:
        """How people call it."""
        return f"v{self.number}"

    @property
    def key(self) -> str:
        """Which piece of work made this version."""
        return self.tags.get("key", "")

    @property
    def promoted_as_of(self) -> datetime | None:
        """Since when it may serve; None if it was never promoted."""
        return self._time("promoted_as_of")

    @property
    def retired_as_of(self) -> datetime | None:
        """Since when it no longer serves, where somebody or something took it back."""
        return self._time("retired_as_of")

    @property
    def trained_from(self) -> datetime | None:
        """The event time of the oldest row it was trained on."""
        return self._time("trained_from")

    @property
    def trained_through(self) -> datetime | None:
        """Rows before this moment may have been trained on."""
        return self._time("trained_through")

    @property
    def twin_trained_through(self) -> datetime | None:
        """The same for the twin that was judged in its place before the refit."""
        return self._time("twin_trained_through")

    @property
    def updated(self) -> bool:
        """Whether it was made by an update of another's weights, not by a full fit."""
        return self.tags.get("step") == "update"

    @property
    def full_fit_run_id(self) -> str:
        """The run of its last full fit, which holds the profile of those rows and the scores it had."""
        return self.tags.get("base_run_id") or self.run_id

    @property
    def full_fit_as_of(self) -> datetime | None:
        """Since when its last full fit served."""
        return self._time("base_as_of") or self.promoted_as_of

    def _time(self, name: str) -> datetime | None:
        return datetime.fromisoformat(self.tags[name]) if self.tags.get(name) else None


def versions(model: str) -> list[Version]:
    """Every version of a model, oldest number first; empty where the model is unknown.

    Raises:
        RegistryError: MLflow does not answer.
    """
    found: list[Version] = []
    with asking(model):
        token: str | None = None
        while token is None or token:
            try:
                page = client().search_model_versions(f"name='{model}'", max_results=500, page_token=token or None)
            except MlflowException as error:
                if not_found(error):
                    return []
                raise
            found += [Version.of(one) for one in page]
            token = page.token or ""
    return sorted(found, key=lambda one: one.number)


def set_alias(model: str, alias: str, number: int) -> None:
    """Let an alias name a version."""
    try:
        client().set_registered_model_alias(model, alias, str(number))
    except MlflowException as error:
        if error.error_code != "BAD_REQUEST":
            raise
        # Of two that begin an alias at once, MLflow's database refuses one; by now the alias is there to be moved.
        client().set_registered_model_alias(model, alias, str(number))


def model_tags(model: str) -> dict[str, str]:
    """All tags of a registered model, prefixes and all; none where the model is unknown.

    Raises:
        RegistryError: MLflow does not answer.
    """
    with asking(model):
        try:
            return dict(client().get_registered_model(model).tags)
        except MlflowException as error:
            if not_found(error):
                return {}
            raise


def champions(history: Iterable[Version], as_of: datetime | None = None) -> list[Version]:
    """Who served, first to last, up to a moment (or ever): promoted by then, and not retired by then."""
    served = [
        one
        for one in history
        if one.promoted_as_of is not None
        and (as_of is None or one.promoted_as_of <= as_of)
        and (one.retired_as_of is None or (as_of is not None and one.retired_as_of > as_of))
    ]
    return in_order(served)


def in_order(promoted: Iterable[Version]) -> list[Version]:
    """Versions that were promoted, in the order of their moments; of one moment, in that of their numbers."""
    return sorted(promoted, key=lambda one: (one.promoted_as_of, one.number))


def champion_met(history: Iterable[Version], as_of: datetime, met: str | None) -> Version | None:
    """The champion as of a moment, for a piece of work that has perhaps met one already.

    What other work promoted for the very same moment came neither before nor after: whoever was met at
    first (``v7``, or ``none``) stays, so that two works of one moment do not judge each other away.
    """
    found = champions(history, as_of)
    before = [one for one in found if one.promoted_as_of != as_of]
    for one in (last(before), *found[len(before) :]):
        if met == name_of(one):
            return one
    return last(found)


def champion(model: str, as_of: datetime | None = None) -> Version | None:
    """The champion as of a moment, or the one that serves now."""
    return last(champions(versions(model), as_of))


def name_of(version: Version | None) -> str:
    """How tags call a version, or that there was none."""
    return version.name if version else "none"


def last(found: list[Version]) -> Version | None:
    """The last of some versions, if there is one."""
    return found[-1] if found else None


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Those of ours among the tags of a run or a version, without their ``retrain.`` prefix."""
    return {name.removeprefix(TAG): value for name, value in tags.items() if name.startswith(TAG)}
