"""Breaches of the data contract that a person has declared to be right: the new normal."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from retrain_plugin.errors import RegistryError
from retrain_plugin.registry.connect import asking, client
from retrain_plugin.registry.version import TAG, champions, last, model_tags, versions

_PREFIX = f"{TAG}accepted."


@dataclass(frozen=True)
class Acceptance:
    """Who accepted which breaches (feature, rule) as of when, and why."""

    as_of: datetime
    breaches: tuple[tuple[str, str], ...]
    by: str
    reason: str


def accept(model: str, breaches: Collection[tuple[str, str]], *, as_of: datetime, by: str, reason: str) -> Acceptance:
    """Put an acceptance on record, as a tag of the registered model.

    Raises:
        RegistryError: MLflow does not answer, or knows no such model.
    """
    made = Acceptance(as_of, tuple(sorted(breaches)), by, reason)
    value = json.dumps({**asdict(made), "as_of": as_of.isoformat()})
    if len(value) > 5000:
        raise RegistryError(f"model {model!r}: the acceptance is too long for a tag of MLflow: shorten the reason")
    with asking(model):
        client().set_registered_model_tag(model, f"{_PREFIX}{as_of:%Y-%m-%dT%H-%M-%S}", value)
    return made


def acceptances(model: str) -> list[Acceptance]:
    """All acceptances of a model, oldest first.

    Raises:
        RegistryError: MLflow does not answer.
    """
    tags = model_tags(model)
    found = [json.loads(value) for name, value in tags.items() if name.startswith(_PREFIX)]
    read = [
        Acceptance(
            datetime.fromisoformat(one["as_of"]), tuple((a, b) for a, b in one["breaches"]), one["by"], one["reason"]
        )
        for one in found
    ]
    return sorted(read, key=lambda one: one.as_of)


def accepted(model: str, as_of: datetime) -> frozenset[tuple[str, str]]:
    """The breaches that are right as of a moment: accepted by then, and not yet all that the champion knows.

    Once the champion was trained on nothing older than what was accepted, that is its normal, and
    the same breach would be a new one.
    """
    made = [one for one in acceptances(model) if one.as_of <= as_of]
    if not made:
        return frozenset()
    serving = last(champions(versions(model), as_of))
    known_from = serving.trained_from if serving else None
    return frozenset(breach for one in made for breach in one.breaches if known_from is None or known_from < one.as_of)
