"""Profiles of rows in memory, and of a window without bringing it there."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime

import ibis
import numpy as np
import pandas as pd
from ibis.expr import datatypes as dt

from retrain_plugin.data.connection import Connections, environment_connections, open_table, source_error
from retrain_plugin.data.rows import Rows, visible
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import DataError
from retrain_plugin.statistics.profile import Counts, NumericBins, Profile, profile_categories, profile_numbers

# Enough for the scan itself; without a limit the engine reads ahead as far as the machine allows.
_MEMORY = "256MB"
_LARGEST = sys.float_info.max


def profile_rows(rows: Rows) -> dict[str, Profile]:
    """The profile of every feature of some rows, with its counts by day."""
    return {str(name): _profile_column(column, rows) for name, column in rows.frame.items()}


def _profile_column(column: pd.Series, rows: Rows) -> Profile:
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = [str(one) for one in column.cat.categories]
        return profile_categories(np.asarray(column.cat.codes, dtype=np.int64), names, rows.days)
    return profile_numbers(column.to_numpy(np.float64), rows.days)


def profile_against(rows: Rows, reference: Mapping[str, Profile]) -> dict[str, Profile]:
    """The profile of some rows over the bins of a reference's features."""
    return {name: _against(rows.frame[name], one) for name, one in reference.items()}


def _against(column: pd.Series, one: Profile) -> Profile:
    missing = int(column.isna().sum())
    if not isinstance(one.bins, NumericBins):
        counted = {str(name): int(count) for name, count in column.value_counts().items()}
        return Profile(one.bins, one.bins.count(counted), missing)
    values = column.to_numpy(np.float64)
    finite = np.isfinite(values)
    return Profile(one.bins, one.bins.count(values[finite]), missing, int((~finite).sum()) - missing)


def profile_window(
    model: Model,
    window: Window,
    as_of: datetime,
    reference: Mapping[str, Profile],
    *,
    connections: Connections = environment_connections,
) -> dict[str, Profile]:
    """The profile of every row of a window, labelled or not, over the bins of a reference's features.

    The engine counts, in one scan; only counts leave it, so memory does not grow with the rows.

    Raises:
        DataError: unreachable or unreadable source, or a feature that is gone or of another type.
    """
    if window.end > as_of:
        raise DataError(f"model {model.name!r}: window {window} reaches beyond {as_of}")
    with open_table(model, connections) as table:
        rows = visible(model, table, window, list(reference))
        for name, one in reference.items():
            if rows[name].type().is_numeric() != one.numeric:
                was, now = ("a number", "text") if one.numeric else ("text", "a number")
                raise DataError(
                    f"model {model.name!r}, window {window}: feature {name!r} was {was} where the champion was "
                    f"trained and is {now} now. Restore the column, or retrain with force=True on the new one"
                )
        backend = rows.get_backend()
        try:
            if backend.name != "duckdb":
                return _by_unnesting(rows, reference)
            backend.raw_sql(f"SET memory_limit = '{_MEMORY}'")
            try:
                return _by_histogram(rows, reference)
            except Exception as error:
                if "Out of Memory" not in str(error):
                    raise
                backend.raw_sql("RESET memory_limit")
                return _by_histogram(rows, reference)
        except Exception as error:
            raise source_error(model, error) from error


@ibis.udf.agg.builtin(name="histogram", signature=((dt.float64, dt.Array(dt.float64)), dt.Map(dt.float64, dt.int64)))
def _histogram(values, bounds):  # type: ignore[no-untyped-def]
    """DuckDB's own: values by the smallest bound that is not below them, the rest under infinity."""


@ibis.udf.agg.builtin(name="histogram_exact", signature=((dt.string, dt.Array(dt.string)), dt.Map(dt.string, dt.int64)))
def _histogram_exact(values, names):  # type: ignore[no-untyped-def]
    """DuckDB's own: values by name, the rest under the empty name."""


def _by_histogram(rows: ibis.Table, reference: Mapping[str, Profile]) -> dict[str, Profile]:
    asked: dict[str, ibis.Value] = {"rows": rows.count()}
    for index, (name, one) in enumerate(reference.items()):
        column = rows[name]
        if isinstance(one.bins, NumericBins):
            values = column.isnan().ifelse(ibis.null("float64"), column)
            asked[f"counts{index}"] = _histogram(
                values, ibis.literal([-_LARGEST, *one.bins.bounds, _LARGEST], "array<float64>")
            )
        else:
            asked[f"present{index}"] = column.count()
            asked[f"empty{index}"] = (column == "").sum()
            if one.bins.categories:
                asked[f"counts{index}"] = _histogram_exact(
                    column, ibis.literal(list(one.bins.categories), "array<string>")
                )
    found = rows.aggregate(**asked).to_pyarrow().to_pylist()[0]
    total = int(found["rows"])
    made = {}
    for index, (name, one) in enumerate(reference.items()):
        counted = dict(found.get(f"counts{index}") or ())
        if isinstance(one.bins, NumericBins):
            # Only the infinities lie beyond the largest number.
            infinite = sum(count for bound, count in counted.items() if not abs(bound) < _LARGEST)
            infinite -= counted.get(_LARGEST, 0)
            present = sum(counted.values()) - infinite
            known = [int(counted.get(bound, 0)) for bound in one.bins.bounds]
        else:
            present, infinite = int(found[f"present{index}"]), 0
            counted[""] = int(found[f"empty{index}"] or 0)
            known = [int(counted.get(category, 0)) for category in one.bins.categories]
        missing = total - present - infinite
        made[name] = Profile(one.bins, _counts([*known, present - sum(known)]), missing, infinite)
    return made


def _by_unnesting(rows: ibis.Table, reference: Mapping[str, Profile]) -> dict[str, Profile]:
    """For any engine: each row as one number a feature that says where it belongs, and those counted."""
    width = max(len(one.bins) for one in reference.values()) + 2
    places = [
        (_place(rows[name], one) + index * width).cast("int64") for index, (name, one) in enumerate(reference.items())
    ]
    placed = rows.select(place=ibis.array(places)).select(place=ibis._.place.unnest())
    counted = placed.group_by("place").aggregate(rows=ibis._.count()).to_pyarrow().to_pylist()
    by_place = {int(one["place"]): int(one["rows"]) for one in counted}
    made = {}
    for index, (name, one) in enumerate(reference.items()):
        bins = len(one.bins)
        found = [by_place.get(index * width + place, 0) for place in range(bins + 2)]
        made[name] = Profile(one.bins, _counts(found[:bins]), found[bins], found[bins + 1])
    return made


def _place(column: ibis.Value, one: Profile) -> ibis.Value:
    """The bin of a value, or one more for missing and two more for infinite."""
    missing = len(one.bins)
    if isinstance(one.bins, NumericBins):
        found = _search(column, one.bins.bounds, 0)
        return (column.isnull() | column.isnan()).ifelse(missing, column.isinf().ifelse(missing + 1, found))
    branches = [(column == name, ibis.literal(index)) for index, name in enumerate(one.bins.categories)]
    return ibis.cases((column.isnull(), missing), *branches, else_=missing - 1)


def _search(column: ibis.Value, bounds: tuple[float, ...], first: int) -> ibis.Value:
    """A binary search as nested conditions: eight comparisons a value where a list of cases needs hundreds."""
    if not bounds:
        return ibis.literal(first, "int64")
    middle = len(bounds) // 2
    return (column <= bounds[middle]).ifelse(
        _search(column, bounds[:middle], first), _search(column, bounds[middle + 1 :], first + middle + 1)
    )


def _counts(values: list[int]) -> Counts:
    return np.array(values, dtype=np.int64)
