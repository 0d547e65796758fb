"""Several at once on one model: there is always a champion, and in the end the one that the tags say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.version import champions, own_tags, versions
from retrain_plugin.workflow import retrain
from tests.conftest import AS_OF
from tests.faults.conftest import Works
from tests.faults.together import backfills, people, retrains, watch
from tests.faults.works import PERIODIC, WEEK, model

STRATEGIES = ("periodic", "triggered", "continual")
PEOPLE = ("rollback", "promotion", "pause")


def together(works: Works, what: Callable[..., None], who: tuple[str, ...], rounds: int) -> tuple[dict[str, Any], Any]:
    """Let each do its rounds while a reader looks on; what each of them said."""
    gate, over = works.processes.Barrier(len(who)), works.processes.Event()
    heard = {}
    for one in who:
        heard[one], said = works.processes.Pipe(duplex=False)
        works.processes.Process(target=what, args=(one, works.place, rounds, gate, said)).start()
        said.close()
    reader, said = works.processes.Pipe(duplex=False)
    works.processes.Process(target=watch, args=(works.place, over, said)).start()
    said.close()
    try:
        told = {one: pipe.recv() for one, pipe in heard.items()}
    finally:
        over.set()
    return told, reader.recv()


def settled() -> int:
    """Who serves, on whom tags and aliases have to agree."""
    served = champions(versions("events"))
    aliases = {name: int(number) for name, number in MlflowClient().get_registered_model("events").aliases.items()}
    assert aliases["champion"] == served[-1].number
    assert aliases.get("previous") == (served[-2].number if len(served) > 1 else None)
    return aliases["champion"]


def strategies_at_once(works: Works, capsys: pytest.CaptureFixture[str], rounds: int) -> None:
    works.empty()
    retrain(model(works.place.data), PERIODIC, as_of=AS_OF - WEEK)
    promoted, (asked, gone, seen) = together(works, retrains, STRATEGIES, rounds)
    last = settled()
    with capsys.disabled():
        print(f"\n{rounds} rounds: {promoted} promoted; the alias was read {asked} times, {gone:.3f} s without answer")
    # Most challengers are refused, for the champion is a moment old; were nearly all, nothing would have been tried.
    assert sum(promoted.values()) >= rounds / 2
    assert gone == 0
    # Never did a reader see one that was not promoted.
    known = {one.number: one for one in versions("events")}
    assert all(number not in known or known[number].promoted_as_of for number in seen)
    assert last in known
    keys = [own_tags(run.data.tags)["key"] for run in runs("events") if "superseded_by" not in run.data.tags]
    assert len(keys) == len(set(keys))
    assert not [run for run in runs("events") if run.info.status == "RUNNING"]


def people_at_once(works: Works, capsys: pytest.CaptureFixture[str], rounds: int) -> None:
    works.empty()
    for week in range(3):
        retrain(model(works.place.data), PERIODIC, as_of=AS_OF + week * WEEK)
    done, (asked, gone, seen) = together(works, people, PEOPLE, rounds)
    settled()
    with capsys.disabled():
        print(f"\n{rounds} rounds: {done} done; the alias was read {asked} times, {gone:.3f} s without answer")
    assert done["promotion"] == done["pause"] == rounds
    assert done["rollback"]
    assert gone == 0
    assert {one.number for one in versions("events") if one.promoted_as_of} >= set(seen)


def test_three_strategies_that_promote_in_the_same_instant_leave_one_champion(works, capsys):
    strategies_at_once(works, capsys, 4)


def test_people_who_act_in_the_same_instant_leave_one_champion(works, capsys):
    people_at_once(works, capsys, 10)


def test_backfills_of_two_dags_that_overlap_leave_the_champion_of_the_newest_decision(works, capsys):
    works.empty()
    weeks, dags = 5, ("nightly", "weekly")
    told, (_, _, seen) = together(works, backfills, dags, weeks)
    last = settled()
    known = {one.number: one for one in versions("events")}
    assert known[last].promoted_as_of == max(one.promoted_as_of for one in known.values() if one.promoted_as_of)
    assert set(seen) <= {number for number, one in known.items() if one.promoted_as_of}
    before = {run.info.run_id: own_tags(run.data.tags) for run in runs("events")}
    assert {name for made in told.values() for name in made} == set(before)
    assert len(before) == weeks * len(dags)
    assert {tags["outcome"] for tags in before.values()} <= {"promoted", "refused"}
    # Both once more: everything is on record, and nothing is decided anew.
    again, (_, gone, _) = together(works, backfills, dags, weeks)
    assert again == told
    assert gone == 0
    after = {run.info.run_id: own_tags(run.data.tags) for run in runs("events")}
    assert [(name, tag) for name, tags in after.items() for tag in tags.items() ^ before[name].items()] == []
    assert settled() == last


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_a_hundred_rounds_of_strategies_leave_one_champion(works, capsys):
    strategies_at_once(works, capsys, 100)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_a_hundred_rounds_of_people_leave_one_champion(works, capsys):
    people_at_once(works, capsys, 100)
