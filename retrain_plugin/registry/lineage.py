"""What became of a model's earlier updates, and which of the versions they made may go."""

from __future__ import annotations

import logging
from datetime import datetime

from mlflow.exceptions import MlflowException

from retrain_plugin.registry.connect import asking, client, not_found
from retrain_plugin.registry.record import Decided, decided_before
from retrain_plugin.registry.version import TAG, Version, versions

log = logging.getLogger(__name__)

# Enough for a picture; what an update needs to know is in the newest of them.
_MOST = 30
_DECIDED = ("promoted", "refused", "held")


def past_updates(model: str, as_of: datetime) -> list[Decided]:
    """The newest of those decided for earlier moments, oldest first.

    Ticks at which there was nothing to learn, and work that failed or was superseded, are left out.

    Raises:
        RegistryError: MLflow does not answer.
    """
    # Ticks that decided anything have that tag.
    where = f"tags.`{TAG}progress.updates` != ''"
    found = decided_before(model, as_of, most=_MOST, where=where)
    return [one for one in found if one.tags.get("outcome") in _DECIDED]


def prune(model: str, keep: int) -> list[int]:
    """Delete all but the newest `keep` of the versions that updates made; return their numbers.

    Versions of a full fit stay, and so does whatever an alias names, the one before the champion
    among them, which a rollback returns to. The MLflow runs stay as the record of what is gone.

    Raises:
        RegistryError: MLflow does not answer.
    """
    made = [one for one in versions(model) if one.updated]
    if len(made) <= keep:
        return []
    with asking(model):
        named = {int(number) for number in client().get_registered_model(model).aliases.values()}
    gone = [one for one in made[:-keep] if one.number not in named]
    for one in gone:
        _delete(one)
    if gone:
        log.info("Pruned v%s", ", v".join(str(one.number) for one in gone))
    return [one.number for one in gone]


def _delete(one: Version) -> None:
    with asking(one.model):
        try:
            client().delete_model_version(one.model, str(one.number))
            client().delete_logged_model(one.source.rpartition("/")[2])
        except MlflowException as error:
            # Somebody else pruned it at the same moment.
            if not not_found(error):
                raise
