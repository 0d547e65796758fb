"""The labelled rows of a window, as they could be known at a moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pandas as pd
from ibis.expr import datatypes as dt
from numpy.typing import NDArray

from retrain_plugin.data.connection import Connections, environment_connections, open_table, source_error
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import DataError

# From all rows of a window, as an expression, to those of them that are wanted.
Chosen = Callable[[ibis.Table], ibis.Table]


@dataclass(frozen=True)
class Rows:
    """Labelled rows in the order of their event time.

    Parameters:
        window: the window they were asked for.
        frame: n rows; float64 and category columns, one a feature.
        target: shape (n,), no value missing.
        event_time: shape (n,), datetime64[us] in UTC.
        unlabelled_at: shape (m,), event times of the rows dropped because their label is missing.
    """

    window: Window
    frame: pd.DataFrame
    target: NDArray[Any]
    event_time: NDArray[np.datetime64]
    unlabelled_at: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.frame)

    def since(self, moment: datetime) -> NDArray[np.bool_]:
        """Which rows happened at or after a moment; bool, shape (n,)."""
        return self.event_time >= _instant(moment)

    @property
    def days(self) -> NDArray[np.int64]:
        """The day of each row in UTC, counted from 1970-01-01; int64, shape (n,)."""
        return self.event_time.astype("datetime64[D]").astype(np.int64)

    @property
    def unlabelled(self) -> int:
        """How many rows were dropped because their label is missing."""
        return len(self.unlabelled_at)

    def where(self, kept: NDArray[np.bool_]) -> Rows:
        """Some of the rows; `kept` is a boolean mask of shape (n,)."""
        frame = self.frame[kept].reset_index(drop=True)
        return replace(self, frame=frame, target=self.target[kept], event_time=self.event_time[kept])

    def split(self, *windows: Window) -> list[Rows]:
        """The rows of each of some windows within this one, sharing this one's memory."""
        return [self._within(window) for window in windows]

    def _within(self, window: Window) -> Rows:
        def between(times: NDArray[np.datetime64]) -> slice:
            first = 0 if window.start is None else int(np.searchsorted(times, _instant(window.start)))
            return slice(first, int(np.searchsorted(times, _instant(window.end))))

        inside = between(self.event_time)
        frame = self.frame.iloc[inside].reset_index(drop=True)
        # A category that appears in the holdout only must not be known to who trains before it.
        categories = {
            str(name): column.cat.remove_unused_categories()
            for name, column in frame.items()
            if isinstance(column.dtype, pd.CategoricalDtype)
        }
        return replace(
            self,
            window=window,
            frame=frame.assign(**categories),
            target=self.target[inside],
            event_time=self.event_time[inside],
            unlabelled_at=self.unlabelled_at[between(self.unlabelled_at)],
        )

    @property
    def digest(self) -> str:
        """A short name for exactly these rows: 16 hex digits of the SHA-256 of every value in order."""
        whole = hashlib.sha256(",".join(self.frame.columns).encode())
        for column in (*(self.frame[name] for name in self.frame), self.target, self.event_time):
            whole.update(pd.util.hash_array(_values(column)).tobytes())
        return whole.hexdigest()[:16]


def load(
    model: Model,
    window: Window,
    as_of: datetime,
    *,
    features: Sequence[str] | None = None,
    chosen: Chosen | None = None,
    connections: Connections = environment_connections,
) -> Rows:
    """The rows of a window whose labels were known as of a moment.

    The engine filters and projects; only the columns asked for leave it. Numeric and boolean
    columns come as float64, text as categories. Rows are in one order whatever the engine does:
    by event time, then by every column read. `features` are the model's unless given, and then
    begin with them. `chosen` narrows the rows down in the engine.

    Raises:
        DataError: unreachable or unreadable source, missing column, a type that is no feature,
            a time column without zone, or a window that reaches beyond the label horizon.
    """
    if window.end > model.label_horizon(as_of):
        raise DataError(f"model {model.name!r}: window {window} reaches beyond what is labelled as of {as_of}")
    wanted = tuple(model.features if features is None else features)
    with open_table(model, connections) as table:
        expression = _selected(model, table, window, as_of, wanted, chosen)
        try:
            read = expression.to_pandas()
        except Exception as error:
            raise source_error(model, error) from error
    labelled = read[model.target].notna().to_numpy()
    kept = read[labelled].reset_index(drop=True)
    times = _in_utc(model, read[model.source.event_time])
    return Rows(
        window=window,
        frame=kept[list(wanted)].astype({name: "category" for name in wanted if not _is_number(kept[name])}),
        target=_values(kept[model.target].infer_objects()),
        event_time=times[labelled],
        unlabelled_at=times[~labelled],
    )


def stream(
    model: Model, window: Window, features: Sequence[str], *, connections: Connections = environment_connections
) -> Iterator[pd.DataFrame]:
    """The features of all rows of a bounded window, labelled or not, a day at a time.

    Raises:
        DataError: as for :func:`load`.
    """
    assert window.start is not None
    with open_table(model, connections) as table:
        start = window.start
        while start < window.end:
            end = min(start + timedelta(days=1), window.end)
            try:
                piece = visible(model, table, Window(start, end), features).select(*features).to_pandas()
            except DataError:
                raise
            except Exception as error:
                raise source_error(model, error) from error
            yield piece.astype({name: "category" for name in features if not _is_number(piece[name])})
            start = end


def visible(
    model: Model,
    table: ibis.Table,
    window: Window,
    features: Sequence[str],
    *,
    labelled_by: datetime | None = None,
) -> ibis.Table:
    """The event time and some features of the rows of a window, as an expression; nothing is read yet.

    Numbers and booleans as float64, text as text. With `labelled_by` the target comes too, and
    where the source says when labels were known, that moment, and only rows for which it is earlier.

    Raises:
        DataError: a column is missing, of a type that is no feature, or a time without zone.
    """
    schema = table.schema()
    source = model.source
    target = [model.target] if labelled_by else []
    times = [source.event_time, *([source.label_time] if source.label_time and labelled_by else [])]
    missing = [name for name in (*times, *features, *target) if name not in schema]
    if missing:
        raise DataError(
            f"model {model.name!r}: {source} has no column {', '.join(map(repr, missing))}; "
            f"it has {', '.join(schema.names)}. Restore the column or correct the declaration"
        )
    for name in times:
        _require_zoned_time(model, name, schema[name])
    rows = table.filter(table[source.event_time] < moment_in(table, model, source.event_time, window.end))
    if window.start is not None:
        rows = rows.filter(rows[source.event_time] >= moment_in(rows, model, source.event_time, window.start))
    if labelled_by and source.label_time:
        rows = rows.filter(rows[source.label_time] < moment_in(rows, model, source.label_time, labelled_by))
    return rows.select(
        *(rows[name] for name in times),
        **{name: _as_feature(model, rows[name], schema[name]) for name in features},
        **{name: _as_target(model, rows[name], schema[name]) for name in target},
    )


def moment_in(rows: ibis.Table, model: Model, column: str, moment: datetime) -> ibis.Value:
    """A moment as a time column writes it: with its zone, or as the wall clock of the source's."""
    if rows.schema()[column].timezone is None and model.source.timezone is not None:
        return ibis.literal(moment.astimezone(ZoneInfo(model.source.timezone)).replace(tzinfo=None))
    return ibis.literal(moment)


def _selected(
    model: Model,
    table: ibis.Table,
    window: Window,
    as_of: datetime,
    features: tuple[str, ...],
    chosen: Chosen | None,
) -> ibis.Table:
    rows = visible(model, table, window, features, labelled_by=as_of)
    if chosen is not None:
        rows = chosen(rows)
    # The model's own columns first: with further columns read, its rows stay in the same order.
    order = [model.source.event_time, *model.features, model.target, *sorted({*features} - {*model.features})]
    return rows.order_by(order)


def _as_feature(model: Model, column: ibis.Value, kind: dt.DataType) -> ibis.Value:
    if kind.is_boolean():
        column = _as_integer(column)
    if kind.is_numeric() or kind.is_boolean():
        return column.cast("float64")
    if kind.is_string():
        return column
    raise DataError(
        f"model {model.name!r}: feature {column.get_name()!r} is of type {kind}; features are numbers, "
        "booleans or text. Derive one of these from it"
    )


def _as_target(model: Model, column: ibis.Value, kind: dt.DataType) -> ibis.Value:
    if model.judged_by.task == "regression":
        if not kind.is_numeric():
            raise DataError(
                f"model {model.name!r}: target {model.target!r} is of type {kind}, and metric "
                f"{model.metric!r} needs numbers. Choose a classification metric or another target"
            )
        numbers = column.cast("float64")
        return numbers.nullif(float("nan"))
    if kind.is_floating():
        # A label written as 0.0 and 1.0, with NaN for unknown.
        return column.nullif(float("nan"))
    if kind.is_boolean():
        return _as_integer(column)
    if kind.is_integer() or kind.is_string():
        return column
    raise DataError(
        f"model {model.name!r}: target {model.target!r} is of type {kind}; classes are integers, booleans or text"
    )


def _as_integer(flag: ibis.Value) -> ibis.Value:
    # By way of 32 bits: PostgreSQL casts a boolean to nothing else.
    return flag.cast("int32").cast("int64")


def _require_zoned_time(model: Model, name: str, kind: dt.DataType) -> None:
    if not kind.is_timestamp():
        raise DataError(
            f"model {model.name!r}: time column {name!r} is of type {kind}; it must be a timestamp with a time zone"
        )
    if kind.timezone is None and model.source.timezone is None:
        raise DataError(
            f"model {model.name!r}: time column {name!r} has no time zone: write it with one, or declare "
            "timezone='UTC' (or where its clock stood) on the source"
        )


def _in_utc(model: Model, column: pd.Series) -> NDArray[np.datetime64]:
    times = pd.DatetimeIndex(column)
    if times.tz is None and model.source.timezone:
        times = times.tz_localize(model.source.timezone, ambiguous=False, nonexistent="shift_forward")
    return times.tz_convert("UTC").tz_localize(None).as_unit("us").to_numpy()


def _instant(moment: datetime) -> np.datetime64:
    return np.datetime64(pd.Timestamp(moment).tz_convert(None).as_unit("us"))


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _values(column: Any) -> NDArray[Any]:
    """A column as a plain array, text as objects, so that hashing and scikit-learn see one form."""
    if isinstance(column, pd.Series):
        return np.asarray(column.to_numpy(dtype=None if _is_number(column) else object))
    return np.asarray(column)
