"""docker-compose.yaml itself: valid, closed, and without a password that everybody knows."""

from __future__ import annotations

import re
import stat
import subprocess
import sys

import pytest
import yaml

from deploy.make_secrets import NAMES, made, main
from deploy.native import COMPOSE, ROOT, UnsetError, composed

WHOLE = composed(made())


def test_it_is_valid_by_the_compose_specification():
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(checker, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_without_any_one_of_its_secrets_nothing_starts(name):
    with pytest.raises(UnsetError, match=f"{name}: run make secrets"):
        composed({**made(), name: ""})


def test_no_secret_is_written_in_the_file():
    named = {found for found in re.findall(r"\$\{(\w+)", COMPOSE.read_text()) if "SECRET" in found or "PASSW" in found}
    assert named | {"AIRFLOW_FERNET_KEY"} == set(NAMES)
    for service in yaml.safe_load(COMPOSE.read_text())["services"].values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|FERNET|AUTH$", variable):
                assert value.startswith("${"), variable


def test_every_service_says_whether_it_is_well_and_is_open_to_this_machine_alone():
    for name, service in WHOLE["services"].items():
        assert name == "airflow-init" or "healthcheck" in service, name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert not service.get("privileged"), name
    used = {volume.split(":")[0] for one in WHOLE["services"].values() for volume in one.get("volumes", [])}
    assert {volume for volume in used if not volume.startswith(".")} == set(WHOLE["volumes"])


def test_secrets_are_ones_own_kept_from_others_and_never_overwritten(tmp_path):
    path = tmp_path / ".env"
    subprocess.run([sys.executable, ROOT / "deploy" / "make_secrets.py"], cwd=tmp_path, check=True)
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = dict(line.split("=", 1) for line in first.splitlines())
    assert set(found) == set(NAMES)
    assert len(set(found.values())) == len(NAMES)
    assert main(path) == 0
    assert path.read_text() == first
    assert composed(found)


def test_the_image_holds_what_the_commands_need():
    text = (ROOT / "Dockerfile").read_text()
    assert "'/src[deploy]'" in text
    assert "--constraint /src/constraints.txt" in text
    assert "USER airflow" in text
    copied = {part for line in text.splitlines() if line.startswith("COPY") for part in line.split()[1:-1]}
    assert all((ROOT / part).exists() for part in copied)
    assert copied == {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
