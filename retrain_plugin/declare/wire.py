"""Declarations as plain JSON, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from retrain_plugin.declare.condition import AtLeast
from retrain_plugin.declare.continual import Continual, OnAsset
from retrain_plugin.declare.expectations import Expectations
from retrain_plugin.declare.gate import Gate
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import Periodic
from retrain_plugin.declare.source import Parquet, Table
from retrain_plugin.declare.trigger import KS, PSI, DataFault, Decay, MaxAge
from retrain_plugin.declare.triggered import Triggered
from retrain_plugin.errors import DeclarationError

_KINDS: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        Model, Parquet, Table, Expectations, Gate, Periodic, Triggered, Continual, OnAsset, AtLeast,
        PSI, KS, Decay, MaxAge, DataFault,
    )
}  # fmt: skip


def to_json(declared: Any) -> dict[str, Any]:
    """A declaration as JSON types, each object carrying its class in ``"kind"``."""
    return {"kind": type(declared).__name__} | {
        one.name: _plain(getattr(declared, one.name)) for one in fields(declared)
    }


def from_json(wire: Mapping[str, Any]) -> Any:
    """The declaration that :func:`to_json` wrote; it checks itself as if it were written anew.

    Raises:
        DeclarationError: unknown kind, unknown or missing field, or a wrong value.
    """
    if not isinstance(wire, Mapping):
        raise DeclarationError(f"a declaration in JSON must be an object, not {wire!r}")
    kind = wire.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise DeclarationError(f"kind={kind!r} is not one of {', '.join(_KINDS)}")
    values = {name: _read(value) for name, value in wire.items() if name != "kind"}
    try:
        return _KINDS[kind](**values)
    except TypeError as error:
        raise DeclarationError(f"{kind}: {str(error).rpartition('__init__() ')[2]}") from None


def _read(value: Any) -> Any:
    if isinstance(value, Mapping) and "kind" in value:
        return from_json(value)
    return [_read(one) for one in value] if isinstance(value, list) else value


def digest(*declared: Any) -> str:
    """A short name for exactly these declarations: 16 hex digits of the SHA-256 of their JSON."""
    text = json.dumps([_plain(one) for one in declared], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return to_json(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "uri"):
        # An Airflow asset; how it is watched is for the DAG alone.
        return to_json(OnAsset(value.name, value.uri))
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
