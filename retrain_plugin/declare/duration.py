"""Durations as users write them: ``"7D"``, ``"12h"``, ``"15min"``."""

from __future__ import annotations

import re
from datetime import timedelta

from retrain_plugin.errors import DeclarationError

_UNITS = {"s": 1, "min": 60, "h": 3600, "D": 86_400, "W": 604_800}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|D|W)")


def parse_duration(text: str, *, field: str, positive: bool = True) -> timedelta:
    """Turn ``"7D"`` into a timedelta.

    Units are ``s``, ``min``, ``h``, ``D`` (24 hours) and ``W`` (7 days). `field` names the
    declaration's field in the error.

    Raises:
        DeclarationError: not of that form, or zero where `positive`.

    >>> parse_duration("2W", field="train")
    datetime.timedelta(days=14)
    """
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise DeclarationError(
            f"{field}={text!r} is not a duration: write a number and a unit of s, min, h, D or W, such as '7D'"
        )
    seconds = float(match[1]) * _UNITS[match[2]]
    if positive and seconds <= 0:
        raise DeclarationError(f"{field}={text!r} must be longer than zero")
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        raise DeclarationError(f"{field}={text!r} is longer than a calendar can hold") from None


def whole_days(length: timedelta) -> int:
    """How many days a window of that length touches at least; never less than one.

    >>> whole_days(timedelta(hours=30))
    2
    """
    return max(1, -(-length // timedelta(days=1)))
