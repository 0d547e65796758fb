"""What lets several Airflow services share one SQLite file; Airflow reads this from its config folder.

SQLite refuses a write at once, however long it was told to wait, if another process wrote since the transaction's first
read. Python's driver opens a savepoint as such a transaction: read first, then write. Asking for the right to write
before the savepoint makes it wait its turn instead.
"""

from __future__ import annotations

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine


@event.listens_for(Engine, "savepoint")
def _ask_to_write_first(connection: Connection, name: str) -> None:
    if connection.dialect.name == "sqlite" and not connection.connection.driver_connection.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
