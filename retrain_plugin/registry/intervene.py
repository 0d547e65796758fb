"""What people do to a model by hand: roll back, promote, pause and resume; each with its reason on record."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from retrain_plugin.errors import RegistryError
from retrain_plugin.registry.connect import asking, client
from retrain_plugin.registry.model_store import require_untouched
from retrain_plugin.registry.promote import settle_aliases
from retrain_plugin.registry.version import TAG, Version, champions, last, model_tags, versions

_PAUSED = f"{TAG}paused"


@dataclass(frozen=True)
class Pause:
    """Who froze promotion, since when, and why."""

    by: str
    reason: str
    since: str

    def __str__(self) -> str:
        return f"promotion is paused since {self.since[:16]} by {self.by}: {self.reason}"


def rollback(model: str, *, to: int | None = None, by: str, reason: str) -> Version:
    """Let the champion before this one serve again, or an older one; all after it are retired as of now.

    Returns the version that serves. What is rolled back stays so: a retry of the work that made
    it does not promote it again. Rolling back to what serves changes nothing, and a rollback that
    was cut off before the alias had moved is finished by the next one, which goes no further.

    Raises:
        ModelFileError: its file is not the one that served; nothing has changed.
        RegistryError: there is no such champion to return to, or MLflow does not answer.
    """
    known = versions(model)
    served = champions(known)
    if served and (to == served[-1].number or (to is None and _cut_off(model, known))):
        settle_aliases(model)
        return served[-1]
    earlier = served[:-1]
    target = last(earlier) if to is None else next((one for one in earlier if one.number == to), None)
    if target is None:
        former = ", ".join(one.name for one in earlier) or "none"
        asked = f"v{to} is no former champion" if to is not None else "nobody served before the champion"
        raise RegistryError(
            f"model {model!r}: {asked}; former champions are: {former}. "
            f"`airflow retrain promote {model}` lets any other version serve"
        )
    require_untouched(target)
    now = datetime.now(timezone.utc).isoformat()
    # The newest first: whoever reads in between finds one that has served.
    for one in reversed(served[served.index(target) + 1 :]):
        _note(one, retired_by=by, retired_because=reason, retired_as_of=now)
    settle_aliases(model)
    return target


def promote_by_hand(model: str, number: int, *, by: str, reason: str) -> Version:
    """Let any version serve from now on, also one that the gate refused; return what serves.

    One that served before is made a new version of the same files, so that the history of who
    served when stays what it was. Doing it twice is doing it once.

    Raises:
        ModelFileError: its file is not the one that was recorded; nothing has changed.
        RegistryError: there is no such version, or MLflow does not answer.
    """
    known = versions(model)
    found = next((one for one in known if one.number == number), None)
    if found is None:
        raise RegistryError(f"model {model!r} has no version {number}: `airflow retrain history {model}` lists them")
    serving = last(champions(known))
    if serving is not None and str(number) in (str(serving.number), serving.tags.get("restored_from")):
        settle_aliases(model)
        return serving
    require_untouched(found)
    if found.promoted_as_of is not None:
        begun = (one for one in known if one.tags.get("restored_from") == str(number) and one.promoted_as_of is None)
        found = next(begun, None) or _again(found)
    now = datetime.now(timezone.utc).isoformat()
    _note(found, promoted_by=by, promoted_because=reason, promoted_as_of=now)
    settle_aliases(model)
    return found


def pause(model: str, *, by: str, reason: str) -> Pause:
    """Freeze promotion: checks and trainings go on, and nobody becomes champion.

    Raises:
        RegistryError: MLflow knows no such model, or does not answer.
    """
    made = Pause(by, reason, datetime.now(timezone.utc).isoformat())
    with asking(model):
        client().set_registered_model_tag(model, _PAUSED, json.dumps(asdict(made)))
    return made


def resume(model: str, *, by: str, reason: str) -> None:
    """Let promotions happen again; who ended which pause, and why, stays on record.

    Raises:
        RegistryError: it was not paused, or MLflow does not answer.
    """
    if (ended := paused(model)) is None:
        raise RegistryError(f"model {model!r}: promotion is not paused")
    made = {"by": by, "reason": reason, "at": datetime.now(timezone.utc).isoformat(), "pause": asdict(ended)}
    with asking(model):
        client().set_registered_model_tag(model, f"{TAG}resumed", json.dumps(made))
        client().delete_registered_model_tag(model, _PAUSED)


def paused(model: str) -> Pause | None:
    """The pause that holds, if there is one.

    Raises:
        RegistryError: MLflow does not answer.
    """
    tags = model_tags(model)
    return Pause(**json.loads(tags[_PAUSED])) if _PAUSED in tags else None


def _cut_off(model: str, known: list[Version]) -> bool:
    """Whether the alias still names a version that was taken back."""
    with asking(model):
        named = client().get_registered_model(model).aliases.get("champion")
    return any(str(one.number) == str(named) and one.retired_as_of is not None for one in known)


def _note(version: Version, **tags: str) -> None:
    """Tags on a version; the one that decides who serves comes last, when who and why are on record."""
    with asking(version.model):
        for name, value in tags.items():
            client().set_model_version_tag(version.model, str(version.number), f"{TAG}{name}", value[:5000])


def _again(version: Version) -> Version:
    """The same files as a new version that has not served yet."""
    carried = {
        name: value
        for name, value in version.tags.items()
        if not name.startswith(("promoted_", "retired_", "superseded"))
    }
    # A retry of the work that made the original must not take this one for its own.
    carried |= {"key": f"{version.key}.restored", "restored_from": str(version.number)}
    with asking(version.model):
        made = client().create_model_version(
            version.model,
            version.source,
            run_id=version.run_id,
            tags={f"{TAG}{name}": value for name, value in carried.items()},
            model_id=version.source.rpartition("/")[2],
            await_creation_for=0,
        )
    return Version.of(made)
