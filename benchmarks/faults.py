"""Clean weeks against broken ones on a year of flights: who raises an alarm, who is held, who is missed.

At every week of 2013 the newest seven days are judged against the 60 or 120 days before them, once
as they are and once for every fault below. A fault that changes fewer than 5% of a week's rows
(millimetres for inches in a week without rain) is left out of that week.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from demo.flights import flights
from retrain_plugin import KS, PSI, DataFault
from retrain_plugin.decide.contract import faults
from retrain_plugin.decide.drift import judge_drift
from retrain_plugin.statistics.profile import Profile, profile_categories, profile_numbers

ROOT = Path(__file__).parents[1]
FEATURES = [
    "hour", "weekday", "distance", "temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib",
    "carrier", "origin", "dest",
]  # fmt: skip
EPOCH = date(1970, 1, 1)
FIRST_DAY = (date(2013, 1, 1) - EPOCH).days
Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def scaled(column: str, change: Callable[[pd.Series], pd.Series]) -> Change:
    """A column in another unit."""
    return lambda week, _: week.assign(**{column: change(week[column])})


def replaced(column: str, share: float, value: float) -> Change:
    """A share of a column's rows replaced."""
    return lambda week, random: week.assign(
        **{column: week[column].astype(float).mask(random.random(len(week)) < share, value)}
    )


def relabelled(column: str, names: list[str] | int, to: str | None = None) -> Change:
    """Some categories under another name: given ones, or so many of the most frequent."""

    def change(week: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
        chosen = week[column].value_counts().index[:names] if isinstance(names, int) else names
        return week.assign(**{column: week[column].mask(week[column].isin(chosen), to or "X" + week[column])})

    return change


FAULTS: dict[str, Change] = {
    "°F to °C": scaled("temp", lambda x: (x - 32) / 1.8),
    "miles to km": scaled("distance", lambda x: x * 1.609344),
    "hour in UTC": scaled("hour", lambda x: (x + 5) % 24),
    "thermometer stuck": scaled("temp", lambda x: x * 0 + x.dropna().iloc[0]),
    "barometer stuck": scaled("pressure", lambda x: x * 0 + x.dropna().iloc[0]),
    "m/s for mph": scaled("wind_speed", lambda x: x * 0.44704),
    "mm for inches": scaled("precip", lambda x: x * 25.4),
    "humidity 0 to 1": scaled("humid", lambda x: x / 100),
    "half of temp 0": replaced("temp", 1 / 2, 0.0),
    "third of temp 0": replaced("temp", 1 / 3, 0.0),
    "half of distance 0": replaced("distance", 1 / 2, 0.0),
    "third of distance 0": replaced("distance", 1 / 3, 0.0),
    "third of temp missing": replaced("temp", 1 / 3, np.nan),
    "third of distance missing": replaced("distance", 1 / 3, np.nan),
    "30% unknown carrier": lambda week, random: week.assign(
        carrier=week["carrier"].mask(random.random(len(week)) < 0.3, "??")
    ),
    "JFK renamed": relabelled("origin", ["JFK"], "NYC-JFK"),
    "JFK as LGA": relabelled("origin", ["JFK"], "LGA"),
    "top destinations renamed": relabelled("dest", 3),
}


def profile(column: pd.Series, days: np.ndarray) -> Profile:
    """The reference of a feature."""
    if pd.api.types.is_numeric_dtype(column):
        return profile_numbers(column.to_numpy(np.float64), days)
    kinds = pd.Categorical(column)
    return profile_categories(kinds.codes.astype(np.int64), [str(one) for one in kinds.categories], days)


def counted(column: pd.Series, reference: Profile) -> Profile:
    """A week of a feature over the reference's bins."""
    if not reference.numeric:
        counts = reference.bins.count(column.value_counts().to_dict())
        return Profile(reference.bins, counts, int(column.isna().sum()))
    values = column.to_numpy(np.float64)
    finite = np.isfinite(values)
    return Profile(reference.bins, reference.bins.count(values[finite]), int((~finite).sum()))


RULES = {
    "textbook: PSI > 0.2": ([PSI(natural=0.0, alpha=0.5)], False),
    "PSI": ([PSI()], False),
    "K-S": ([KS()], False),
    "PSI, K-S": ([PSI(), KS()], False),
    "PSI, K-S without natural variation": ([PSI(natural=0.0), KS(natural=0.0)], False),
    "contract": ([], True),
    "PSI, K-S, contract": ([PSI(), KS()], True),
}


def measure(year: pd.DataFrame, train: int, *, gap: int = 0) -> pd.DataFrame:
    """One line a week, fault and rule: whether it raised an alarm, and whether the data were held."""
    day = year["scheduled_at"].dt.tz_convert(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    lines = []
    for end in range(FIRST_DAY + train, FIRST_DAY + 359 - gap, 7):
        trained, start = (day >= end - train) & (day < end), end + gap
        known = {name: profile(year.loc[trained, name], day[trained]) for name in FEATURES}
        week = year[(day >= start) & (day < start + 7)]
        clean = {name: counted(week[name], known[name]) for name in FEATURES}
        # A champion of some age has been checked before.
        earlier = year[(day >= start - 7) & (day < start)]
        before = {name: counted(earlier[name], known[name]) for name in FEATURES} if gap >= 7 else None
        for fault, change in {"": lambda week, _: week, **FAULTS}.items():
            broken = change(week, np.random.default_rng(start))
            differs = (broken != week) & ~(broken.isna() & week.isna())
            if fault and differs.any(axis=1).mean() < 0.05:
                continue
            window = clean | {name: counted(broken[name], known[name]) for name in FEATURES if differs[name].any()}
            begun = EPOCH + timedelta(days=int(start))
            breaches = faults(DataFault(), known, window, days=7, start=begun, whole=before)
            said = {one: judge_drift(one, known, window, days=7) for one in {t for r in RULES.values() for t in r[0]}}
            for rule, (triggers, contract) in RULES.items():
                held = contract and bool(breaches)
                alarm = held or any(said[one].state == "fired" for one in triggers)
                lines.append((train, start - FIRST_DAY, fault, rule, alarm, held, "; ".join(map(str, breaches[:2]))))
    return pd.DataFrame(lines, columns=["train", "day", "fault", "rule", "alarm", "held", "why"])


def main() -> None:
    """Write docs/faults.md."""
    year = flights()
    found = pd.concat([measure(year, train) for train in (60, 120)])
    table = [
        "| 60, then 120 training days | alarm | held | caught | held | alarm | held | caught | held |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for rule in RULES:
        cells = []
        for train in (60, 120):
            mine = found[(found["rule"] == rule) & (found["train"] == train)]
            clean, broken = mine[mine["fault"] == ""], mine[mine["fault"] != ""]
            # Every fault weighs alike, however many weeks it could be made in.
            each = broken.groupby("fault")[["alarm", "held"]].mean().mean()
            cells += [clean["alarm"].mean(), clean["held"].mean(), each["alarm"], each["held"]]
        table.append(f"| {rule} | " + " | ".join(f"{cell:.0%}" if cell < 0.995 else "100%" for cell in cells) + " |")
    ours = found[(found["rule"] == "PSI, K-S, contract") & (found["fault"] != "")]
    each = ours.groupby(["fault", "train"])[["alarm", "held"]].mean().unstack()
    table += ["", "| fault | caught, 60 days | held | caught, 120 days | held |", "|---|---|---|---|---|"]
    for fault in FAULTS:
        row = each.loc[fault]
        cells = [row[kind, train] for train in (60, 120) for kind in ("alarm", "held")]
        table.append(f"| {fault} | " + " | ".join(f"{cell:.0%}" for cell in cells) + " |")
    (ROOT / "docs" / "faults.md").write_text("\n".join(table) + "\n")
    print("\n".join(table))


if __name__ == "__main__":
    main()
