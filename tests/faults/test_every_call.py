"""Whatever fails, at whichever call: one champion serves, and a retry ends where the undisturbed work does."""

from __future__ import annotations

import re
from collections import Counter
from difflib import ndiff
from pprint import pformat
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.model_store import read
from retrain_plugin.registry.version import champion, own_tags, versions
from tests.faults.boundary import Fault, all_faults
from tests.faults.conftest import Works
from tests.faults.works import WORKS, model

# What differs from one undisturbed run to the next, too.
_VOLATILE = re.compile(r"_uri$|_digest$|run_id$|^cost_seconds$|^retired_as_of$|^promoted_as_of$|superseded_by$")
# So many cases of every work are a part of `make test`.
_SHARE = 5
# All of them take hours: in parts, each shows how far it came, and can be run by itself.
_PARTS = 10


def picture() -> dict[str, Any]:
    """All that is on record, without what differs from one time to the next."""

    def plain(tags: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in tags.items() if not _VOLATILE.search(name)}

    registered = MlflowClient().search_registered_models()
    current = [run for run in runs("events") if "superseded_by" not in own_tags(run.data.tags)]
    return {
        "aliases": [dict(one.aliases) for one in registered],
        "versions": [
            (one.number, bool(one.promoted_as_of), bool(one.retired_as_of), plain(dict(one.tags)))
            for one in versions("events")
        ],
        "runs": sorted((run.info.status, sorted(plain(own_tags(run.data.tags)).items())) for run in current),
        "artifacts": sorted(
            (
                own_tags(run.data.tags)["as_of"],
                sorted(one.path for one in MlflowClient().list_artifacts(run.info.run_id)),
            )
            for run in current
        ),
    }


def serving() -> int | None:
    """The version that the alias names; its file has to be whole."""
    found = [one.aliases.get("champion") for one in MlflowClient().search_registered_models()]
    return int(found[0]) if found and found[0] else None


def hurt(works: Works, name: str, calls: list[tuple[str, str]], fault: Fault, undisturbed: dict[str, Any]) -> list[str]:
    """Do a work with a fault and then once more; what of the promise does not hold."""
    works.before(name)
    before = serving()
    _, came = works.perform(name, fault)
    broken = []
    known = {one.number: one for one in versions("events")}
    now = serving()
    if before is not None and now is None:
        broken.append("the alias is gone")
    if now is not None:
        tags = known[now].tags
        if known[now].promoted_as_of is None:
            broken.append(f"the alias names v{now}, which was never promoted")
        read(model(works.place.data), tags["model_uri"], tags["model_digest"])
    killed = fault.kind.startswith("killed")
    if killed != (came == "killed"):
        broken.append(f"{fault.kind}, and it says {came}")
    if not killed:
        going = [run.info.run_id for run in runs("events") if run.info.status == "RUNNING"]
        if going and fault.kind == "error" and calls[fault.call][0] != "http":
            broken.append(f"it failed, and {going} goes on")
        if came != "done" and "events" not in came:
            broken.append(f"the message names no model: {came}")
    if (again := works.perform(name)[1]) != "done":
        broken.append(f"the retry failed: {again}")
    found = picture()
    broken += _differences(undisturbed, found)
    last = champion("events")
    if serving() != (last.number if last else None):
        broken.append("alias and tags disagree")
    if any(run.info.status == "RUNNING" for run in runs("events")):
        broken.append("a run goes on for ever")
    where = f"{name}, call {fault.call} {' '.join(calls[fault.call])}, {fault.kind}"
    return [f"{where}: {one}" for one in broken]


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    lines = ndiff(*(pformat(one, width=200).splitlines() for one in (wanted, found)))
    return [line for line in lines if line.startswith(("+", "-"))]


def enumerated(works: Works, name: str, told: pytest.CaptureFixture[str], chosen: slice) -> None:
    calls, undisturbed = recorded(works, name)
    faults = all_faults(calls)[chosen]
    broken = [one for fault in faults for one in hurt(works, name, calls, fault, undisturbed)]
    kinds = Counter(what for what, _ in calls)
    with told.disabled():
        print(f"\n{name}: {dict(kinds)} calls, {len(faults)} of {len(all_faults(calls))} cases, {len(broken)} broken")
        print("\n".join(broken), end="")
    assert not broken, "\n".join(broken)


def recorded(works: Works, name: str) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """The calls of a work that nothing disturbs, and what it leaves on record."""
    if name not in works.recorded:
        works.before(name)
        calls, came = works.perform(name)
        assert came == "done"
        works.recorded[name] = calls, picture()
    return works.recorded[name]


@pytest.mark.parametrize("name", WORKS)
def test_a_share_of_all_faults_leaves_one_champion_and_a_retry_makes_it_good(works, name, capsys):
    faults = len(all_faults(recorded(works, name)[0]))
    enumerated(works, name, capsys, slice(None, None, max(1, faults // _SHARE)))


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.parametrize("name", WORKS)
def test_every_fault_at_every_call_leaves_one_champion_and_a_retry_makes_it_good(works, name, part, capsys):
    enumerated(works, name, capsys, slice(part, None, _PARTS))
