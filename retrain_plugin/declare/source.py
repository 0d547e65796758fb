"""Where a model's rows come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from retrain_plugin.declare.duration import parse_duration
from retrain_plugin.declare.fields import require_text
from retrain_plugin.errors import DeclarationError


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """What every source says about time.

    `event_time` names the column by which rows become visible. Labels are known `label_delay`
    after it, or, where the data carries that moment, at the column `label_time`. Columns without
    a zone are refused unless `timezone` says which zone their wall-clock times are in.
    """

    event_time: str
    label_delay: str = "0D"
    label_time: str | None = None
    timezone: str | None = None

    def __post_init__(self) -> None:
        require_text(self.event_time, field="event_time")
        parse_duration(self.label_delay, field="label_delay", positive=False)
        if self.label_time is not None:
            require_text(self.label_time, field="label_time")
        if self.timezone is not None:
            try:
                ZoneInfo(require_text(self.timezone, field="timezone"))
            except (KeyError, ValueError, OSError):
                raise DeclarationError(
                    f"timezone={self.timezone!r} is not a time zone: write an IANA name such as 'UTC'"
                ) from None

    @property
    def label_lag(self) -> timedelta:
        """`label_delay` as a timedelta."""
        return parse_duration(self.label_delay, field="label_delay", positive=False)


@dataclass(frozen=True)
class Parquet(_Timed):
    """Parquet files: one path or a glob, local or on any store DuckDB reads.

    >>> Parquet("data/flights/*.parquet", event_time="scheduled_at", label_delay="1D").label_lag.days
    1
    """

    path: str

    def __post_init__(self) -> None:
        require_text(self.path, field="path")
        super().__post_init__()

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Table(_Timed):
    """A table behind an Airflow connection, read by the database's own engine through ibis.

    `connection` is an Airflow connection id; outside Airflow the same id is looked up in the
    environment as ``AIRFLOW_CONN_<ID>``, as Airflow does.
    """

    name: str
    connection: str = field(kw_only=True)
    schema: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        require_text(self.name, field="name")
        require_text(self.connection, field="connection")
        if self.schema is not None:
            require_text(self.schema, field="schema")
        super().__post_init__()

    def __str__(self) -> str:
        return f"{self.schema + '.' if self.schema else ''}{self.name} (connection {self.connection!r})"


Source = Parquet | Table
