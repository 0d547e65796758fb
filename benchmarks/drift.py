"""Parquet on disk to verdicts, ours beside Evidently, NannyML and a loop over scipy: seconds and peak memory.

Seconds leave the imports out; each tool has a process of its own, and each environment one tool.

A window of 1,000,000 rows, 40 numbers and 10 categories, against a reference of as many. Ours reads
the reference's stored profile, as it does in use; the others have nothing stored and read both files.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from retrain_plugin.statistics.profile import profile_categories, profile_numbers, profile_to_json

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".bench"
REFERENCE, STORED = HOME / "reference.parquet", HOME / "profile.json"
WINDOWS = {1: HOME / "window-1.parquet", 10: HOME / "window-10.parquet"}
CONTENDERS = Path(__file__).parent / "contenders"
NUMBERS, KINDS, PIECE = 40, 10, 100_000
MILLION = 1_000_000
# A version each that was seen to work; both need pandas before 3.
OTHERS = {"evidently": ["evidently==0.7.23"], "nannyml": ["nannyml==0.13.1", "statsmodels"]}

# Neither is to spend its time on telemetry.
QUIET = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}


def piece(number: int, pieces: int, start: str, days: float, *, shift: float) -> pd.DataFrame:
    """A slice in time of a wide table; the first ten numbers are shifted by so many deviations."""
    random = np.random.default_rng(number + (1000 if shift else 0))
    at = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(
        np.sort(random.uniform(number, number + 1, PIECE)) * days / pieces, unit="D"
    )
    made: dict[str, object] = {"at": at.as_unit("us")}
    for index in range(NUMBERS):
        scale = 1 + index % 3
        made[f"n{index}"] = random.normal(scale * shift * (index < 10), scale, PIECE)
    names = np.array([f"k{index:02}" for index in range(50)])
    for index in range(KINDS):
        made[f"c{index}"] = names[np.minimum(random.geometric(0.1, PIECE) - 1, 49)]
    return pd.DataFrame(made)


def write(path: Path, rows: int, start: str, days: float, *, shift: float) -> None:
    """A Parquet file of so many rows, written piece by piece."""
    if path.exists():
        return
    part, writer = path.with_suffix(".part"), None
    for number in range(rows // PIECE):
        table = pa.Table.from_pandas(piece(number, rows // PIECE, start, days, shift=shift), preserve_index=False)
        writer = writer or pq.ParquetWriter(part, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    part.rename(path)


def profile(reference: Path, to: Path) -> None:
    """What training would have stored of the reference."""
    if to.exists():
        return
    frame = pd.read_parquet(reference)
    days = frame["at"].dt.tz_convert(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    made = {}
    for name in frame.columns.drop("at"):
        if name.startswith("n"):
            made[name] = profile_numbers(frame[name].to_numpy(np.float64), days)
        else:
            kinds = pd.Categorical(frame[name])
            made[name] = profile_categories(kinds.codes.astype(np.int64), list(kinds.categories), days)
    to.write_text(json.dumps(profile_to_json(made)))


def prepare() -> None:
    """Everything on disk that the contenders read."""
    HOME.mkdir(exist_ok=True)
    write(REFERENCE, MILLION, "2024-01-01", 60, shift=0.0)
    for millions, path in WINDOWS.items():
        write(path, millions * MILLION, "2024-03-01", 7, shift=0.8)
    profile(REFERENCE, STORED)


def environment(name: str) -> Path:
    """The Python of an environment with that tool alone."""
    python, ready = HOME / name / "bin" / "python", HOME / name / "ready"
    if not ready.exists() or ready.read_text() != str(OTHERS[name]):
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", "3.11", HOME / name], check=True)
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, *OTHERS[name], "pandas<3", "pyarrow"],
                       check=True)  # fmt: skip
        ready.write_text(str(OTHERS[name]))
    return python


def measure(python: str | Path, script: str, *files: Path) -> tuple[float, float, str]:
    """Seconds without the imports, peak memory in MB, and what it said."""
    process = subprocess.Popen(
        [python, "-W", "ignore", CONTENDERS / f"{script}.py", *files],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **QUIET, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    *said, seconds = process.stdout.read().split("\n")[:-1]
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{script} failed with {status}")
    return float(seconds), used.ru_maxrss / 1024, "; ".join(said)


def main() -> None:
    """Write docs/drift.md and docs/drift.png."""
    # In a process of its own: a child inherits the peak memory of whoever starts it.
    prepared = multiprocessing.get_context("spawn").Process(target=prepare)
    prepared.start()
    prepared.join()
    windows, reference, stored = WINDOWS, REFERENCE, STORED
    runs = {
        "ours": (sys.executable, "ours", windows[1], stored),
        "DuckDB, bare scan": (sys.executable, "bare_scan", windows[1]),
        "scipy loop": (sys.executable, "scipy_loop", windows[1], reference),
        "NannyML (K-S)": (environment("nannyml"), "with_nannyml", windows[1], reference),
        "Evidently": (environment("evidently"), "with_evidently", windows[1], reference),
        "ours, 10 million rows": (sys.executable, "ours", windows[10], stored),
        "DuckDB, bare scan, 10 million rows": (sys.executable, "bare_scan", windows[10]),
    }
    found: dict[str, tuple[float, float, str]] = {}
    for name, run in runs.items():
        # The faster ones take turns; minutes are not worth repeating.
        tries = [measure(*run)]
        while tries[0][0] < 5 and len(tries) < 3:
            tries.append(measure(*run))
        found[name] = sorted(tries)[len(tries) // 2]
        print(name, *(f"{number:.1f}" for number in found[name][:2]), found[name][2], flush=True)
    ours = found["ours"][0]
    lines = ["| 1,000,000 × 50 from disk to verdicts | seconds | times ours | peak MB |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {seconds:.1f} | {seconds / ours:.1f} | {peak:.0f} |" for name, (seconds, peak, _) in found.items()
    ]
    (ROOT / "docs" / "drift.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    draw({name: one[:2] for name, one in found.items() if "10" not in name})


def draw(found: dict[str, tuple[float, float]]) -> None:
    """Seconds and memory as bars."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 2.6), layout="constrained", sharey=True)
    for axes, which, title in ((left, 0, "seconds, log scale"), (right, 1, "peak memory, MB")):
        bars = axes.barh(list(found), [one[which] for one in found.values()],
                         color=["#1f5fbf" if name == "ours" else "#9aa5b1" for name in found])  # fmt: skip
        axes.bar_label(bars, fmt="%.1f" if which == 0 else "%.0f", padding=3)
        axes.set_title(title, fontsize=10, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
    left.set_xscale("log")
    left.invert_yaxis()
    figure.savefig(ROOT / "docs" / "drift.png", dpi=130)


if __name__ == "__main__":
    main()
