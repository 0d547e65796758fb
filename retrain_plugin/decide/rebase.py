"""When an update is not enough: the champion is trained anew, from nothing, on the whole training window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrain_plugin.declare.continual import REFUSALS, Continual

# Causes that hold however often a rebase was refused for them.
_ALWAYS = ("first", "force")
# The cause that refusals in a row are.
STUCK = "refusals"


@dataclass(frozen=True)
class Cause:
    """What asks for a rebase: a short name for the record, and a sentence for people."""

    name: str
    reason: str


@dataclass(frozen=True)
class Progress:
    """How far a champion has come since it was last trained in full, or that was last tried.

    Parameters:
        updates: updates decided since.
        refused: how many of the last ones in a row were refused or held.
        denied: causes for which a rebase was tried and refused.
    """

    updates: int = 0
    refused: int = 0
    denied: tuple[str, ...] = ()

    @property
    def stuck(self) -> bool:
        """Whether so many updates were refused that a rebase has to answer, and none was refused for that already."""
        return self.refused >= REFUSALS and STUCK not in self.denied

    def after_update(self, *, passed: bool) -> Progress:
        """The progress after one more update; one that passed ends the trouble that others were in."""
        if not passed:
            return Progress(self.updates + 1, self.refused + 1, self.denied)
        return Progress(self.updates + 1, 0, tuple(one for one in self.denied if one != STUCK))

    def after_refused_rebase(self, cause: Cause) -> Progress:
        """The progress where a rebase was tried and refused; one that passed begins with none at all."""
        return Progress(denied=tuple(sorted({*self.denied, cause.name})))

    def to_tags(self) -> dict[str, str]:
        """As tags of a MLflow run."""
        return {
            "progress.updates": str(self.updates),
            "progress.refused": str(self.refused),
            "progress.denied": ",".join(self.denied),
        }

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> Progress:
        """What :meth:`to_tags` wrote."""
        denied = tags.get("progress.denied", "")
        return cls(
            int(tags["progress.updates"]), int(tags["progress.refused"]), tuple(denied.split(",")) if denied else ()
        )


def rebase_due(strategy: Continual, progress: Progress, causes: Sequence[Cause]) -> Cause | None:
    """Whether and why there has to be a rebase; a pure function.

    A cause for which one was refused already, refusals in a row among them, does not ask again
    before the next rebase that is due by the number of updates, or it would ask at every tick.
    """
    for cause in causes:
        if cause.name in _ALWAYS or cause.name not in progress.denied:
            return cause
    if progress.stuck:
        return Cause(STUCK, f"{progress.refused} updates in a row were refused")
    if progress.updates >= strategy.rebase_every:
        return Cause("due", f"{progress.updates} updates since the last full training")
    return None
