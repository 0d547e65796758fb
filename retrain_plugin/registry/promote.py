"""Who serves: promotion, retirement, and the aliases that follow from the tags."""

from __future__ import annotations

from datetime import datetime

from retrain_plugin.errors import RegistryError
from retrain_plugin.registry.connect import asking, client
from retrain_plugin.registry.model_store import require_untouched
from retrain_plugin.registry.version import TAG, Version, champions, in_order, set_alias, versions

# Two writers that settle at once need two or three rounds; this many says something else is wrong.
_ROUNDS = 20


def promote(version: Version, as_of: datetime) -> None:
    """Let a version serve from a moment on. Doing it twice is doing it once.

    Other versions of the same work, promoted before on data or a declaration since corrected, are
    retired from the start, as if they had never been.

    Raises:
        ModelFileError: its file is not the one that was judged; who served goes on.
        RegistryError: MLflow does not answer.
    """
    if version.promoted_as_of is None:
        require_untouched(version)
        with asking(version.model):
            _tag(version, "promoted_as_of", as_of.isoformat())
    _retire_others(version)
    settle_aliases(version.model)


def refuse(version: Version) -> None:
    """Let a version not serve, nor any that the same work promoted before it was done anew."""
    _retire_others(version)
    if _at_work(version):
        _retire(version, by=version)
    settle_aliases(version.model)


def _retire_others(version: Version) -> None:
    for one in versions(version.model):
        if one.key == version.key and one.number != version.number and _at_work(one):
            _retire(one, by=version)


def _at_work(version: Version) -> bool:
    """Whether the work that made it let it serve; what a person promoted stays until a person says otherwise."""
    return version.promoted_as_of is not None and version.retired_as_of is None and "promoted_by" not in version.tags


def _retire(version: Version, *, by: Version) -> None:
    """Take a version back for all time, unless nothing else could serve: outdated is better than nothing."""
    if all(one.number == version.number for one in champions(versions(version.model))):
        return
    assert version.promoted_as_of is not None
    with asking(version.model):
        _tag(version, "superseded_by", str(by.number))
        _tag(version, "retired_as_of", version.promoted_as_of.isoformat())


def _restore(version: Version) -> None:
    with asking(version.model):
        for name in ("retired_as_of", "superseded_by"):
            client().delete_model_version_tag(version.model, str(version.number), f"{TAG}{name}")


def settle_aliases(model: str) -> None:
    """Set `champion` and `previous` to what the tags say, and read again until that is so.

    Where all that were promoted were taken back by work done anew, the newest of them serves on.

    There is no compare-and-set on aliases. But every writer writes its tag first and then what
    all tags say, and looks again afterwards, so whoever is last leaves the truth behind.

    Raises:
        RegistryError: MLflow does not answer, or the aliases will not settle.
    """
    for _ in range(_ROUNDS):
        known = versions(model)
        served = champions(known)
        if not served:
            # Two works may each have taken back theirs because the other's still served.
            superseded = in_order(one for one in known if one.promoted_as_of and "superseded_by" in one.tags)
            if not superseded:
                return
            _restore(superseded[-1])
            continue
        wanted = {"champion": served[-1].number, "previous": served[-2].number if len(served) > 1 else None}
        with asking(model):
            found = {name: int(number) for name, number in client().get_registered_model(model).aliases.items()}
            # The challenger's trial is over once it serves.
            if found.get("challenger") in {one.number for one in served}:
                client().delete_registered_model_alias(model, "challenger")
            if all(found.get(alias) == number for alias, number in wanted.items()):
                return
            for alias, number in wanted.items():
                if number is not None:
                    set_alias(model, alias, number)
                elif alias in found:
                    client().delete_registered_model_alias(model, alias)
    raise RegistryError(
        f"model {model!r}: the aliases do not settle on {wanted}: does something else set them? Only tags decide here"
    )


def _tag(version: Version, name: str, value: str) -> None:
    client().set_model_version_tag(version.model, str(version.number), f"{TAG}{name}", value)
