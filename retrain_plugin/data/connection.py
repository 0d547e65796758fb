"""From a declared source to a table that an engine can be asked about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import glob
from urllib.parse import urlsplit

import ibis
from ibis.backends import BaseBackend

from retrain_plugin.declare.model import Model
from retrain_plugin.declare.source import Parquet, Source
from retrain_plugin.errors import DataError

# From a connection id to its address with credentials: ``scheme://user:password@host:port/database``.
Connections = Callable[[str], str]


def environment_connections(name: str) -> str:
    """Airflow's own convention outside Airflow: the address is in ``AIRFLOW_CONN_<ID>``."""
    variable = f"AIRFLOW_CONN_{name.upper()}"
    try:
        return os.environ[variable]
    except KeyError:
        raise DataError(f"connection {name!r} is unknown: set {variable} to its address") from None


@contextmanager
def open_table(model: Model, connections: Connections) -> Iterator[ibis.Table]:
    """The source's table, all rows and columns, not read yet; the connection closes afterwards.

    Raises:
        DataError: no such file, table or connection, or the source does not answer.
    """
    backend, read = _open(model, connections)
    try:
        try:
            table = read()
        except Exception as error:
            raise source_error(model, error) from error
        yield table
    finally:
        backend.disconnect()


def source_error(model: Model, error: Exception) -> DataError:
    """The engine's complaint as one line that names the model and its source, without credentials."""
    said = " ".join(str(error).split())[:400] or type(error).__name__
    return DataError(
        f"model {model.name!r}: {model.source} cannot be read: {said}. "
        "Check the path or connection and that the data are whole, then clear the failed task"
    )


def _open(model: Model, connections: Connections) -> tuple[BaseBackend, Callable[[], ibis.Table]]:
    source: Source = model.source
    if isinstance(source, Parquet):
        if "://" not in source.path and not glob(source.path, recursive=True):
            raise DataError(
                f"model {model.name!r}: no file matches {source.path!r} (looked from {os.getcwd()}): "
                "correct the path or put the data there"
            )
        # Times are compared and returned in UTC whatever zone the machine is in.
        duckdb = ibis.duckdb.connect()
        duckdb.raw_sql("SET TimeZone = 'UTC'")
        return duckdb, lambda: _with_known_times(duckdb.read_parquet(source.path))
    address = connections(source.connection)
    # Airflow says "postgresql" or "postgres" for the same engine; ibis knows the short one.
    scheme = urlsplit(address).scheme.replace("postgresql", "postgres")
    try:
        backend = ibis.connect(f"{scheme}{address[address.index('://') :]}")
    except Exception as error:
        raise DataError(
            f"model {model.name!r}: connection {source.connection!r} ({scheme or 'no scheme'}) does not open: "
            f"{_without_secrets(str(error), address)}. Check the connection in Airflow and that its server runs"
        ) from None
    return backend, lambda: backend.table(source.name, database=source.schema)


def _with_known_times(table: ibis.Table) -> ibis.Table:
    """Nanosecond times, which pandas writes and whose zoned form ibis does not know, as microseconds."""
    kinds = {name: str(kind) for name, kind in table.schema().items()}
    zoned = {name: table[name].cast("timestamp('UTC')") for name, kind in kinds.items() if "TIMESTAMPTZ_NS" in kind}
    naive = {name: table[name].cast("timestamp(6)") for name, kind in kinds.items() if kind == "timestamp(9)"}
    return table.mutate(**zoned, **naive) if zoned or naive else table


def _without_secrets(text: str, address: str) -> str:
    said = " ".join(text.split())[:400]
    for secret in (address, urlsplit(address).password):
        if secret:
            said = said.replace(secret, "***")
    return said
