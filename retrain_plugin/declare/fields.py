"""Checks on single fields of a declaration, each failing with the field's name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from retrain_plugin.errors import DeclarationError


def require_text(value: Any, *, field: str) -> str:
    """A string with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise DeclarationError(f"{field}={value!r} must be a non-empty string")
    return value


def require_names(values: Any, *, field: str, empty: bool = False) -> tuple[str, ...]:
    """A sequence of distinct non-empty strings, as a tuple."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise DeclarationError(f"{field}={values!r} must be a list of names, such as ['hour', 'carrier']")
    names = tuple(require_text(value, field=f"{field} entry") for value in values)
    if not names and not empty:
        raise DeclarationError(f"{field} is empty: name at least one")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise DeclarationError(f"{field} names {', '.join(repeated)} more than once")
    return names


def require_number(
    value: Any, *, field: str, least: float = 0.0, most: float = float("inf"), whole: bool = False
) -> None:
    """A finite number within ``[least, most]``, an integer where `whole`."""
    wanted = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted) or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        limit = f"of at least {least:g}" if most == float("inf") else f"between {least:g} and {most:g}"
        raise DeclarationError(f"{field}={value!r} must be {kind} {limit}")


def require_kind(value: Any, kind: type | tuple[type, ...], *, field: str) -> None:
    """An instance of one of our declaration classes."""
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        names = " or ".join(f"{one.__name__}(...)" for one in kinds)
        raise DeclarationError(f"{field}={value!r} must be {names}")
