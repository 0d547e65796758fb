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
DAG_ID, MODEL = "flights_periodic", "flights-late"
WEEKS = 26
# The data's own moment that "now" is made to fall on: late enough for half a year of history
# behind two months of training, early enough for months of flights still to come.
NOW_IN_DATA = datetime(2013, 10, 6, tzinfo=timezone.utc)
END_OF_DATA = datetime(2013, 12, 31, tzinfo=timezone.utc)


def main() -> int:
    """Run the demo; the exit code is 0 if there is a champion."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="stop everything and exit at the end")
    leave = parser.parse_args().exit
    # Being told to end is treated like Ctrl-C: everything that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    started = time.monotonic()
    try:
        return _run(leave, started)
    except KeyboardInterrupt:
        print("\nStopped. `make demo` continues from here, `make demo-reset` starts over.")
        return 130


def _run(leave: bool, started: float) -> int:
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
        champion = _table(stack)
        say("Done" if champion else "There is no champion: look at the runs in Airflow")
        user, password = stack.login
        print(f"\n  Airflow  {stack.airflow_url}/dags/{DAG_ID}   login {user}, password {password}")
        print(f"  MLflow   {stack.mlflow_url}/#/models/{MODEL}\n")
        if not leave:
            print("Everything runs until Ctrl-C; the DAG goes on every week.", flush=True)
            signal.pause()
    return 0 if champion else 1


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
    """Retrain the past weeks as they would have been, then let the schedule go on."""
    now = datetime.now(timezone.utc)
    sunday = (now - timedelta(days=(now.weekday() + 1) % 7)).replace(hour=0, minute=0, second=0, microsecond=0)
    first, last = sunday - timedelta(weeks=WEEKS), sunday - timedelta(weeks=1)
    while not _known(stack):
        time.sleep(1)
    active = [one for one in stack.api("GET", f"backfills?dag_id={DAG_ID}")["backfills"] if not one["completed_at"]]
    if not active:
        say(f"airflow backfill create --dag-id {DAG_ID} --from-date {first:%Y-%m-%d} --to-date {last:%Y-%m-%d}")
        stack.airflow(
            "backfill", "create", "--dag-id", DAG_ID, "--from-date", f"{first:%Y-%m-%dT%H:%M:%S}",
            "--to-date", f"{last:%Y-%m-%dT%H:%M:%S}", "--reprocess-behavior", "failed",
        )  # fmt: skip
    stack.api("PATCH", f"dags/{DAG_ID}?update_mask=is_paused", {"is_paused": False})
    seen = -1
    while True:
        runs = stack.runs(DAG_ID)
        over = [run for run in runs if run["state"] in ("success", "failed")]
        if len(over) != seen:
            seen = len(over)
            failed = sum(run["state"] == "failed" for run in over)
            width = 40 * seen // max(len(runs), 1)
            say(
                f"[{'#' * width}{'.' * (40 - width)}] {seen}/{len(runs)} weeks"
                + (f", {failed} failed" if failed else "")
            )
        if runs and len(over) == len(runs):
            return
        time.sleep(2)


def _known(stack: Stack) -> bool:
    try:
        stack.api("GET", f"dags/{DAG_ID}")
    except RuntimeError:
        return False
    return True


def _table(stack: Stack) -> bool:
    """Print every version and say who serves; whether anybody does."""
    os.environ["MLFLOW_TRACKING_URI"] = stack.mlflow_url
    from retrain_plugin.registry.version import champion, versions

    serving = champion(MODEL)
    print(f"\n{'version':>7}  {'as of':10}  {'outcome':8}  {'rows':>7}  {'fit s':>6}  why")
    for one in sorted(versions(MODEL), key=lambda one: one.tags["as_of"]):
        outcome = "promoted" if one.promoted_as_of else one.tags["outcome"]
        why = one.tags["reason"].partition(": ")[2]
        here = "   <- champion" if serving and one.number == serving.number else ""
        print(
            f"{one.number:>7}  {one.tags['as_of'][:10]}  {outcome:8}  {one.tags['rows']:>7}  "
            f"{float(one.tags['cost_seconds']):6.1f}  {why[:90]}{here}"
        )
    print()
    return serving is not None


if __name__ == "__main__":
    sys.exit(main())
