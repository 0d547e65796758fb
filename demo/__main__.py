"""From nothing to a champion: data, MLflow, Airflow, a backfill, a table. Ctrl-C stops everything."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from demo.stack import Stack

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".demo"
# DAG, its model, and how much of its past is decided: half a year of weeks, half a month of days, an hour of updates.
BACKFILLED = {
    "flights_periodic": ("flights-late", timedelta(weeks=1), 26),
    "flights_triggered": ("flights-late-triggered", timedelta(days=1), 14),
    "flights_continual": ("flights-late-continual", timedelta(minutes=10), 6),
}
DRILL = "flights_selftest"
# The data's own moment that "now" is made to fall on: late enough for half a year of history
# behind two months of training, early enough for months of flights still to come.
NOW_IN_DATA = datetime(2013, 10, 6, tzinfo=timezone.utc)
END_OF_DATA = datetime(2013, 12, 31, tzinfo=timezone.utc)


def main() -> int:
    """Run the demo; the exit code is 0 if there is a champion."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="stop everything and exit at the end")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="write the documentation's pictures, and exit")
    asked = parser.parse_args()
    # Being told to end is treated like Ctrl-C: everything that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    started = time.monotonic()
    try:
        return _run(asked.exit, asked.pictures, started)
    except KeyboardInterrupt:
        print("\nStopped. `make demo` continues from here, `make demo-reset` starts over.")
        return 130


def _run(leave: bool, pictures: Path | None, started: float) -> int:
    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", flush=True)

    shift = _clock()
    _data(shift, say)
    with Stack(HOME, dags=ROOT / "dags", cwd=HOME) as stack:
        say("Starting MLflow and Airflow; the first time takes half a minute")
        # Neither needs the other to start.
        mlflow = threading.Thread(target=stack.start_mlflow)
        mlflow.start()
        stack.start_airflow()
        mlflow.join()
        say(f"Airflow {stack.airflow_url}   MLflow {stack.mlflow_url}")
        _backfill(stack, say)
        served = [_table(stack, dag_id) for dag_id in BACKFILLED]
        say("Done" if all(served) else "There is no champion: look at the runs in Airflow")
        if pictures:
            from demo.pictures import take

            take(stack, pictures)
            return 0
        user, password = stack.login
        print(f"\n  Airflow  {stack.airflow_url}/dags   login {user}, password {password}")
        print(f"  MLflow   {stack.mlflow_url}/#/models\n")
        if not leave:
            print(
                "Everything runs until Ctrl-C; the DAGs go on, every week, every day and every ten minutes.", flush=True
            )
            signal.pause()
    return 0 if all(served) else 1


def _clock() -> timedelta:
    """By how much the year is shifted: whole weeks, so that weekdays stay, and the same in every later demo."""
    path = HOME / "clock.json"
    now = datetime.now(timezone.utc)
    if not path.exists():
        HOME.mkdir(exist_ok=True)
        weeks = (now - NOW_IN_DATA) // timedelta(weeks=1)
        path.write_text(json.dumps({"weeks": weeks}))
    shift = timedelta(weeks=json.loads(path.read_text())["weeks"])
    if now - shift > END_OF_DATA:
        sys.exit("The demo's year is over: `make demo-reset` and `make demo` begin a new one.")
    return shift


def _data(shift: timedelta, say) -> None:  # type: ignore[no-untyped-def]
    folder = HOME / "data" / "flights"
    today = datetime.now(timezone.utc)
    print(
        f"The flights are those of 2013, shifted by {shift.days // 7} whole weeks so that today, {today:%d %B %Y}, "
        f"falls on {today - shift:%d %B %Y}. Later ones are in the files, and not visible yet."
    )
    if not (folder.parent / "complete").exists():
        from demo.flights import write_parquet

        say("Preparing a year of New York flights")
        write_parquet(folder, shift)
        (folder.parent / "complete").touch()


def _backfill(stack: Stack, say) -> None:  # type: ignore[no-untyped-def]
    """Decide the past as it would have been decided, then let the schedules go on."""
    now = datetime.now(timezone.utc)
    while not all(_known(stack, dag_id) for dag_id in (*BACKFILLED, DRILL)):
        time.sleep(1)
    for dag_id, (_, every, count) in BACKFILLED.items():
        # The first of January 2012 was a Sunday, on which @weekly begins.
        last = now - (now - datetime(2012, 1, 1, tzinfo=timezone.utc)) % every - every
        first = last - every * (count - 1)
        form = "%Y-%m-%d" if every >= timedelta(days=1) else "%Y-%m-%dT%H:%M"
        found = stack.api("GET", f"backfills?dag_id={dag_id}")["backfills"]
        if all(one["completed_at"] for one in found):
            say(f"airflow backfill create --dag-id {dag_id} --from-date {first:{form}} --to-date {last:{form}}")
            stack.airflow(
                "backfill", "create", "--dag-id", dag_id, "--from-date", f"{first:%Y-%m-%dT%H:%M:%S}",
                "--to-date", f"{last:%Y-%m-%dT%H:%M:%S}", "--reprocess-behavior", "failed",
            )  # fmt: skip
        stack.api("PATCH", f"dags/{dag_id}?update_mask=is_paused", {"is_paused": False})
    _follow(stack, say, BACKFILLED)
    # The drill needs champions to drill on.
    stack.api("PATCH", f"dags/{DRILL}?update_mask=is_paused", {"is_paused": False})
    _follow(stack, say, [DRILL])


def _follow(stack: Stack, say, dag_ids) -> None:  # type: ignore[no-untyped-def]
    """Show how far the runs are until all are over."""
    shown = ""
    while True:
        parts, open_runs = [], 0
        for dag_id in dag_ids:
            runs = stack.runs(dag_id)
            over = sum(run["state"] in ("success", "failed") for run in runs)
            failed = sum(run["state"] == "failed" for run in runs)
            width = 20 * over // max(len(runs), 1)
            parts.append(
                f"{dag_id} [{'#' * width}{'.' * (20 - width)}] {over}/{len(runs)}"
                + (f", {failed} failed" if failed else "")
            )
            open_runs += len(runs) - over if runs else 1
        if (line := "   ".join(parts)) != shown:
            shown = line
            say(line)
        if not open_runs:
            return
        time.sleep(2)


def _known(stack: Stack, dag_id: str) -> bool:
    try:
        stack.api("GET", f"dags/{dag_id}")
    except RuntimeError:
        return False
    return True


def _table(stack: Stack, dag_id: str) -> bool:
    """Print what every run decided and every version became; whether anybody serves."""
    os.environ["MLFLOW_TRACKING_URI"] = stack.mlflow_url
    from retrain_plugin.registry.attempt import runs
    from retrain_plugin.registry.version import champion, versions

    model = BACKFILLED[dag_id][0]
    serving = champion(model)
    made = {one.run_id: one for one in versions(model)}
    print(f"\n{dag_id}\n{'as of':16}  {'outcome':8}  {'version':>7}  {'rows':>7}  {'fit s':>6}  why")
    for run in sorted(runs(model), key=lambda run: run.data.tags["retrain.as_of"]):
        tags = {name.removeprefix("retrain."): value for name, value in run.data.tags.items()}
        if tags["dag_id"] != dag_id or "superseded_by" in tags:
            continue
        version = made.get(run.info.run_id)
        here = "   <- champion" if serving and version and version.number == serving.number else ""
        seconds = f"{float(tags['cost_seconds']):.1f}" if version else ""
        why = tags.get("reason", "").removeprefix(f"{tags.get('outcome')}: ")
        print(
            f"{tags['as_of'][:16]:16}  {tags.get('outcome', '?'):8}  {version.number if version else '':>7}  "
            f"{tags['rows'] if version else '':>7}  {seconds:>6}  {why[:90]}{here}"
        )
    return serving is not None


if __name__ == "__main__":
    sys.exit(main())
