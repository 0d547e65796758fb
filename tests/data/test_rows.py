from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from retrain_plugin import DataError, DataFault, Expectations, Parquet
from retrain_plugin.data.check import check
from retrain_plugin.data.profile import profile_rows
from retrain_plugin.data.rows import load
from retrain_plugin.declare.window import Window
from retrain_plugin.errors import UnsoundDataError
from tests.conftest import AS_OF, START, events, with_source, write

HORIZON = AS_OF - timedelta(days=1)
WINDOW = Window(AS_OF - timedelta(days=31), HORIZON)


def test_a_window_is_half_open(model, folder):
    frame = events(days=3)
    frame.loc[0, "at"], frame.loc[1, "at"] = pd.Timestamp(WINDOW.start), pd.Timestamp(WINDOW.end)
    write(folder.parent / "edges", frame)
    found = load(with_source(model, path=f"{folder.parent}/edges/*.parquet"), WINDOW, AS_OF)
    assert [str(at) for at in found.event_time] == [f"{WINDOW.start:%Y-%m-%dT%H:%M:%S}.000000"]


def test_what_happened_or_was_labelled_later_is_never_read(model, folder):
    before = load(model, WINDOW, AS_OF)
    frame = events()
    hidden = frame["at"] >= pd.Timestamp(HORIZON)
    frame.loc[hidden, ["x", "noise"]] = 1e9
    frame.loc[hidden, "y"] = ~frame.loc[hidden, "y"]
    frame.loc[hidden, "kind"] = "from the future"
    write(folder, frame)
    assert load(model, WINDOW, AS_OF).digest == before.digest


def test_a_window_beyond_the_label_horizon_is_refused(model):
    with pytest.raises(DataError, match="beyond what is labelled"):
        load(model, Window(START, AS_OF), AS_OF)


def test_label_time_hides_labels_not_known_yet(model, folder):
    frame = events()
    frame["known"] = frame["at"] + pd.to_timedelta(np.arange(len(frame)) % 10, unit="D")
    write(folder, frame)
    timed = replace(model, source=Parquet(f"{folder}/*.parquet", event_time="at", label_time="known"))
    window = Window(AS_OF - timedelta(days=30), AS_OF)
    found = load(timed, window, AS_OF)
    within = frame[(frame["at"] >= window.start) & (frame["at"] < AS_OF)]
    assert len(found) == (within["known"] < AS_OF).sum() < len(within)


def test_order_and_digest_do_not_depend_on_how_the_files_are_cut(model, folder, tmp_path):
    shuffled = events().sample(frac=1, random_state=3)
    (tmp_path / "other").mkdir()
    for part in range(4):
        shuffled.iloc[part::4].to_parquet(tmp_path / "other" / f"{part}.parquet", index=False)
    other = with_source(model, path=f"{tmp_path}/other/*.parquet")
    assert load(other, WINDOW, AS_OF).digest == load(model, WINDOW, AS_OF).digest


def test_only_declared_columns_leave_the_engine(model):
    assert list(load(model, WINDOW, AS_OF).frame) == ["x", "noise", "kind"]


def test_a_split_hides_categories_of_the_holdout_from_the_training_rows(model, folder):
    frame = events()
    frame.loc[frame["at"] >= pd.Timestamp(HORIZON - timedelta(days=2)), "kind"] = "new"
    write(folder, frame)
    split = HORIZON - timedelta(days=7)
    train, holdout = load(model, WINDOW, AS_OF).split(Window(WINDOW.start, split), Window(split, HORIZON))
    assert "new" not in train.frame["kind"].cat.categories
    assert "new" in holdout.frame["kind"].cat.categories
    assert len(train) + len(holdout) == len(load(model, WINDOW, AS_OF))


def test_a_clock_without_zone_is_refused_unless_its_zone_is_declared(model, folder, tmp_path):
    frame = events()
    frame["at"] = frame["at"].dt.tz_convert("America/New_York").dt.tz_localize(None)
    write(tmp_path / "naive", frame)
    naive = with_source(model, path=f"{tmp_path}/naive/*.parquet")
    with pytest.raises(DataError, match="no time zone"):
        load(naive, WINDOW, AS_OF)
    zoned = with_source(naive, timezone="America/New_York")
    assert load(zoned, WINDOW, AS_OF).digest == load(model, WINDOW, AS_OF).digest


BAD_SOURCES = {
    "missing feature": (lambda f: f.drop(columns="x"), "no column 'x'"),
    "missing target": (lambda f: f.drop(columns="y"), "no column 'y'"),
    "missing time": (lambda f: f.assign(when=f["at"]).rename(columns={"at": "other"}), "no column 'at'"),
    "time as text": (lambda f: f.assign(at=f["at"].astype(str)), "must be a timestamp"),
    "a list as feature": (lambda f: f.assign(x=[[1, 2]] * len(f)), "feature 'x' is of type"),
    "a date as feature": (lambda f: f.assign(x=f["at"]), "feature 'x' is of type"),
    "a date as target": (lambda f: f.assign(y=f["at"]), "target 'y' is of type"),
}


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_source_of_the_wrong_shape_is_named(model, tmp_path, case):
    change, said = BAD_SOURCES[case]
    (tmp_path / "bad").mkdir()
    change(events()).to_parquet(tmp_path / "bad" / "1.parquet", index=False)
    with pytest.raises(DataError, match=said) as caught:
        load(with_source(model, path=f"{tmp_path}/bad/*.parquet"), WINDOW, AS_OF)
    assert "'events'" in str(caught.value)


def test_no_file_and_a_corrupt_file_are_named(model, folder):
    with pytest.raises(DataError, match="no file matches"):
        load(with_source(model, path=f"{folder}/none-*.parquet"), WINDOW, AS_OF)
    (folder / "2024-02.parquet").write_bytes(b"PAR1 this is not parquet PAR1")
    with pytest.raises(DataError, match=r"cannot be read.*2024-02"):
        load(model, WINDOW, AS_OF)


def test_an_unknown_connection_is_named(model):
    from retrain_plugin import Table

    with pytest.raises(DataError, match="AIRFLOW_CONN_NOWHERE"):
        load(replace(model, source=Table("events", connection="nowhere", event_time="at")), WINDOW, AS_OF)


def spoil(rows: slice, **values: object):
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        chosen = frame.index[rows]
        for name, value in values.items():
            if value is None and name == "y":
                frame[name] = frame[name].astype(object)
            frame.loc[chosen, name] = value
        return frame

    return change


# The holdout is the last week before the horizon: rows 3120 to 3540 of 60 a day, roughly.
BAD_ROWS = {
    "all labels missing": (lambda f: f.assign(y=None).astype({"y": "boolean"}), "labels are missing"),
    "most labels missing": (spoil(slice(1800, 3000), y=None), "label 'y' is missing"),
    "one class": (lambda f: f.assign(y=True), "one class only"),
    "most of a feature missing": (spoil(slice(1700, 3500), x=float("nan")), "'x' is missing"),
    "infinite": (spoil(slice(2000, 2005), x=float("inf")), "'x' is infinite"),
    "far outside": (lambda f: f.assign(x=np.where(f.index > 3200, 1000.0, f["x"])), "far outside the training range"),
    "new categories": (lambda f: f.assign(kind=np.where(f.index > 3200, "pink", f["kind"])), r"never had \(pink\)"),
    "duplicates": (lambda f: pd.concat([f] * 3), "equal to an earlier row"),
    "empty": (lambda f: f[f["at"] < pd.Timestamp(START) + pd.Timedelta("10D")], "window is empty"),
    "few rows": (lambda f: f.iloc[::40], "only"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_rows_that_must_not_be_trained_on_are_named_with_counts(model, folder, case):
    change, said = BAD_ROWS[case]
    frame = change(events())
    for old in folder.glob("*.parquet"):
        old.unlink()
    write(folder, frame)
    split = HORIZON - timedelta(days=7)
    train, holdout = Window(WINDOW.start, split), Window(split, HORIZON)
    rows = [load(model, window, AS_OF) for window in (train, holdout)]
    report = check(model, *rows, profile_rows(rows[0]), DataFault())
    with pytest.raises(UnsoundDataError, match=said) as caught:
        report.require_sound(model, *rows)
    assert "'events'" in str(caught.value)
    assert "champion keeps serving" in str(caught.value)
    assert str(train) in str(caught.value)


def test_sound_rows_pass_and_small_flaws_are_recorded(model, folder):
    frame = events()
    frame.loc[2000:2010, "x"] = np.nan
    write(folder, frame)
    split = HORIZON - timedelta(days=7)
    train, holdout = load(model, WINDOW, AS_OF).split(Window(WINDOW.start, split), Window(split, HORIZON))
    report = check(model, train, holdout, profile_rows(train), DataFault())
    report.require_sound(model, train, holdout)
    assert [(one.check, one.feature, one.count) for one in report.findings] == [("missing", "x", 11)]
    strict = replace(model, expect=Expectations(min_train_rows=200, min_holdout_rows=50, max_missing=0.001))
    with pytest.raises(UnsoundDataError):
        check(strict, train, holdout, profile_rows(train), DataFault()).require_sound(strict, train, holdout)
