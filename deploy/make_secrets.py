"""Passwords and keys of one's own for docker-compose.yaml, written once into .env."""

from __future__ import annotations

import os
import secrets
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

NAMES = (
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "AIRFLOW_ADMIN_PASSWORD",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_SECRET_KEY",
)


def made() -> dict[str, str]:
    """A secret of 256 bits by name, in characters that an address may contain."""
    return {name: urlsafe_b64encode(secrets.token_bytes(32)).decode() for name in NAMES}


def main(path: Path) -> int:
    """Write the file, readable by its owner alone; one that is there is left alone."""
    lines = [f"{name}={value}\n" for name, value in made().items()]
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        sys.stderr.write(f"{path} is there already and was left as it is\n")
        return 0
    with os.fdopen(handle, "w") as file:
        file.writelines(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(".env")))
