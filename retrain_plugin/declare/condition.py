"""Triggers put together: any of them, all of them, at least so many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from retrain_plugin.declare.fields import require_kind, require_number
from retrain_plugin.declare.trigger import KS, PSI, Decay, MaxAge, Trigger
from retrain_plugin.errors import DeclarationError


@dataclass(frozen=True)
class AtLeast:
    """Fires when at least `count` of its `parts`, triggers or conditions, fire."""

    count: int
    parts: tuple[Trigger | AtLeast, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if not self.parts:
            raise DeclarationError("a condition needs at least one trigger, such as PSI() or Decay(...)")
        for one in self.parts:
            require_kind(one, (PSI, KS, Decay, MaxAge, AtLeast), field="when")
        require_number(self.count, field="at_least", least=1, most=len(self.parts), whole=True)

    def __str__(self) -> str:
        inside = ", ".join(part.label if not isinstance(part, AtLeast) else str(part) for part in self.parts)
        if len(self.parts) == 1:
            return inside
        word = {1: "any of", len(self.parts): "all of"}.get(self.count, f"at least {self.count} of")
        return f"{word} ({inside})"


Condition = Trigger | AtLeast


def any_of(*parts: Condition) -> AtLeast:
    """Fires when any of these does."""
    return AtLeast(1, parts)


def all_of(*parts: Condition) -> AtLeast:
    """Fires when all of these do."""
    return AtLeast(max(len(parts), 1), parts)


def at_least(count: int, *parts: Condition) -> AtLeast:
    """Fires when so many of these do."""
    return AtLeast(count, parts)


def triggers(condition: Condition) -> Iterator[Trigger]:
    """Every trigger in a condition, in the order written."""
    if isinstance(condition, AtLeast):
        for part in condition.parts:
            yield from triggers(part)
    else:
        yield condition
