"""Rows drawn by their own hash: the same ones whenever and wherever they are drawn, so that none are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import ibis

from retrain_plugin.data.connection import Connections, environment_connections
from retrain_plugin.data.rows import Chosen, Rows, load, moment_in
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.window import Window

_DIGITS = 8


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def md5(text: str) -> str:  # type: ignore[empty-body]
    """Every engine's own; 32 hexadecimal digits, which sort as the numbers they are."""


@dataclass(frozen=True)
class Learnt:
    """What a version has learnt from: event times in ``[start, through)`` whose labels were known as of `as_of`."""

    start: datetime
    through: datetime
    as_of: datetime


def new_rows(
    model: Model,
    learnt: Learnt,
    as_of: datetime,
    *,
    memory: float,
    connections: Connections = environment_connections,
) -> Rows:
    """The labelled rows that a version has not learnt from, without those of the memory set.

    Those are the newer ones, which `window` spans, and, where the source says when labels were
    known, older ones whose label came late. Rows older than all that was ever learnt from stay out.

    Raises:
        DataError: as for :func:`~retrain_plugin.data.rows.load`.
    """
    horizon = model.label_horizon(as_of)
    late = model.source.label_time is not None
    start = learnt.start if late else learnt.through

    def chosen(rows: ibis.Table) -> ibis.Table:
        fresh = rows[model.source.event_time] >= moment_in(rows, model, model.source.event_time, learnt.through)
        return rows.filter((fresh | ~_known(rows, model, learnt)) if late else fresh, ~remembered(rows, model, memory))

    found = load(model, Window(start, horizon), as_of, chosen=chosen, connections=connections)
    return replace(found, window=Window(learnt.through, horizon))


def replayed(
    model: Model,
    learnt: Learnt,
    count: int,
    as_of: datetime,
    *,
    memory: float,
    periods: int,
    half_life: timedelta | None = None,
    connections: Connections = environment_connections,
) -> Rows:
    """About `count` of the rows a version has learnt from, drawn anew for every `as_of`, none of the memory set.

    Every period of the past gives as many, or, with a half-life, so much more the newer it is.

    Raises:
        DataError: as for :func:`~retrain_plugin.data.rows.load`.
    """
    past = cut(Window(learnt.start, learnt.through), periods)
    wanted = _wanted(count, past, half_life, as_of)

    def chosen(rows: ibis.Table) -> ibis.Table:
        known = _known(rows, model, learnt)
        learnable = rows.filter(known, ~remembered(rows, model, memory))
        return _drawn(learnable, model, past, wanted, salt=f"replay {as_of.isoformat()}")

    return load(model, Window(learnt.start, learnt.through), as_of, chosen=chosen, connections=connections)


def remembered_rows(
    model: Model,
    window: Window,
    as_of: datetime,
    *,
    memory: float,
    periods: int,
    most: int,
    connections: Connections = environment_connections,
) -> Rows:
    """The memory set within a window: of each period alike, and of all at most `most` rows.

    Raises:
        DataError: as for :func:`~retrain_plugin.data.rows.load`.
    """
    past = cut(window, periods)

    def chosen(rows: ibis.Table) -> ibis.Table:
        kept = rows.filter(remembered(rows, model, memory))
        return _drawn(kept, model, past, [max(1, most // len(past))] * len(past), salt="judged")

    return load(model, window, as_of, chosen=chosen, connections=connections)


def learnable(model: Model, memory: float) -> Chosen:
    """All rows but those of the memory set."""
    return lambda rows: rows.filter(~remembered(rows, model, memory))


def cut(window: Window, count: int) -> list[Window]:
    """A bounded window in so many stretches of equal length, oldest first."""
    assert window.start is not None
    step = (window.end - window.start) / count
    edges = [window.start + step * index for index in range(count)] + [window.end]
    return [Window(start, end) for start, end in pairwise(edges)]


def remembered(rows: ibis.Table, model: Model, memory: float) -> ibis.Value:
    """Whether a row is in the memory set: by the hash of its event time and features, and so for ever."""
    return _hash(rows, model, "memory") < format(round(memory * 16**_DIGITS), f"0{_DIGITS}x")


def _hash(rows: ibis.Table, model: Model, salt: str) -> ibis.Value:
    features = [rows[name].cast("string").fill_null("") for name in model.features]
    at = rows[model.source.event_time].epoch_seconds().cast("string")
    return md5(ibis.literal("|").join([ibis.literal(salt), at, *features]))


def _known(rows: ibis.Table, model: Model, learnt: Learnt) -> ibis.Value:
    """Whether a version has learnt from a row, but for the memory set."""
    known = rows[model.source.event_time] < moment_in(rows, model, model.source.event_time, learnt.through)
    if model.source.label_time is None:
        return known
    labelled = rows[model.source.label_time] < moment_in(rows, model, model.source.label_time, learnt.as_of)
    return known & labelled


def _drawn(rows: ibis.Table, model: Model, past: Sequence[Window], wanted: Sequence[int], *, salt: str) -> ibis.Table:
    """Of each period the rows whose hashes come first."""
    at = model.source.event_time
    labelled = rows.filter(rows[model.target].notnull())
    parts = []
    for window, count in zip(past, wanted, strict=True):
        assert window.start is not None
        inside = labelled.filter(
            labelled[at] >= moment_in(rows, model, at, window.start),
            labelled[at] < moment_in(rows, model, at, window.end),
        )
        parts.append(inside.order_by(_hash(inside, model, salt)).limit(count))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _wanted(count: int, past: Sequence[Window], half_life: timedelta | None, as_of: datetime) -> list[int]:
    """`count` split over the periods; who gets what does not divide evenly changes with the moment."""
    weights = [1.0 if half_life is None else 0.5 ** ((past[-1].end - one.end) / half_life) for one in past]
    offset = int(hashlib.sha256(as_of.isoformat().encode()).hexdigest()[:_DIGITS], 16) / 16**_DIGITS
    upto = [count * sum(weights[:index]) / sum(weights) + offset for index in range(len(past))] + [count + offset]
    return [int(end) - int(start) for start, end in pairwise(upto)]
