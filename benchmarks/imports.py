"""What a DAG file costs the DAG processor beyond Airflow's own SDK."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SDK = "from airflow.sdk import DAG, Asset, BaseOperator, BaseSensorOperator, CronDataIntervalTimetable, Param"


def seconds(code: str) -> float:
    """Seconds that some code takes in a fresh process, without the interpreter's own start."""
    timed = f"import time; t = time.perf_counter()\n{code}\nprint(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", timed], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Print the SDK's import, the DAG file's, and the difference, as medians of seven in turn."""
    file = f"{SDK}\nimport runpy; runpy.run_path('dags/flights_periodic.py')"
    pairs = [(seconds(SDK), seconds(file)) for _ in range(7)]
    sdk, both = (statistics.median(column) for column in zip(*pairs, strict=True))
    extra = statistics.median(one[1] - one[0] for one in pairs)
    print(f"airflow.sdk {sdk * 1000:.0f} ms, with the DAG file {both * 1000:.0f} ms, beyond it {extra * 1000:.0f} ms")


if __name__ == "__main__":
    main()
