from __future__ import annotations

from datetime import timedelta

import pytest

from retrain_plugin import Gate, Periodic, RegistryError
from retrain_plugin.registry import intervene
from retrain_plugin.registry.attempt import runs
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.intervene import pause, paused, promote_by_hand, resume, rollback
from retrain_plugin.registry.record import all_versions
from retrain_plugin.registry.version import champion, versions
from retrain_plugin.workflow import retrain
from tests.conftest import weeks

pytestmark = pytest.mark.usefixtures("mlflow_here")
PERSON = {"by": "ada", "reason": "it looks wrong"}


@pytest.fixture
def strategy():
    """Whatever is trained serves."""
    return Periodic(schedule="@weekly", train="30D", holdout="7D", gate=Gate(resamples=50, min_rows=10**6, tolerance=9))


@pytest.fixture
def three(model, strategy):
    """Three champions, week after week, each without an opponent to beat."""
    for at in weeks(3):
        retrain(model, strategy, as_of=at)
    for one in versions("events"):
        if one.promoted_as_of is None:
            promote_by_hand("events", one.number, by="test", reason="set up")
    return [one.number for one in versions("events")]


def aliases():
    return {alias: int(number) for alias, number in client().get_registered_model("events").aliases.items()}


def tags(number):
    return next(one.tags for one in versions("events") if one.number == number)


def test_a_rollback_lets_the_champion_before_serve_and_says_who_and_why(three):
    assert rollback("events", **PERSON).number == three[1]
    assert aliases() == {"champion": three[1], "previous": three[0]}
    assert (tags(three[2])["retired_by"], tags(three[2])["retired_because"]) == ("ada", "it looks wrong")
    assert rollback("events", **PERSON).number == three[0]
    with pytest.raises(RegistryError, match="nobody served before the champion"):
        rollback("events", **PERSON)
    assert aliases() == {"champion": three[0]}


def test_a_rollback_to_an_older_champion_retires_all_after_it_and_rewrites_no_history(three):
    before = [(one.number, one.promoted_as_of) for one in versions("events")]
    assert rollback("events", to=three[0], **PERSON).number == three[0]
    assert aliases() == {"champion": three[0]}
    assert [(one.number, one.promoted_as_of) for one in versions("events")] == before
    moment = before[1][1] + timedelta(seconds=0)
    assert champion("events", moment).number == three[1]


def test_only_a_former_champion_can_be_rolled_back_to(three):
    with pytest.raises(RegistryError, match="v99 is no former champion; former champions are: v1, v2"):
        rollback("events", to=99, **PERSON)
    assert rollback("events", to=three[2], **PERSON).number == three[2]
    assert aliases() == {"champion": three[2], "previous": three[1]}


def test_a_rollback_cut_off_before_the_alias_moved_is_finished_and_goes_no_further(three, monkeypatch):
    with monkeypatch.context() as cut:
        cut.setattr(intervene, "settle_aliases", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rollback("events", **PERSON)
    assert aliases()["champion"] == three[2]
    assert rollback("events", **PERSON).number == three[1]
    assert aliases()["champion"] == three[1]
    assert rollback("events", **PERSON).number == three[0]


def test_a_retry_of_the_work_does_not_bring_a_rolled_back_version_back(model, strategy, three):
    promoted = next(one for one in versions("events") if "promoted_by" not in one.tags)
    rollback("events", **PERSON)
    serving = champion("events").number
    for at in weeks(3):
        retrain(model, strategy, as_of=at)
    assert champion("events").number == serving
    assert promoted.number == 1


def test_a_person_may_promote_what_the_gate_refused(model, strategy):
    retrain(model, strategy, as_of=weeks(1)[0])
    refused = retrain(model, strategy, as_of=weeks(2)[1])
    assert not refused.promoted
    assert promote_by_hand("events", refused.version, **PERSON).number == refused.version
    assert aliases()["champion"] == refused.version
    assert tags(refused.version)["promoted_by"] == "ada"
    assert promote_by_hand("events", refused.version, **PERSON).number == refused.version
    assert len(versions("events")) == 2
    with pytest.raises(RegistryError, match="has no version 99"):
        promote_by_hand("events", 99, **PERSON)


def test_what_served_before_serves_again_as_a_copy(model, strategy, three):
    rollback("events", **PERSON)
    made = promote_by_hand("events", three[2], **PERSON)
    assert made.number > three[2]
    assert tags(made.number)["restored_from"] == str(three[2])
    assert (made.source, aliases()["champion"]) == (tags(three[2])["model_uri"], made.number)
    assert promote_by_hand("events", three[2], **PERSON).number == made.number
    assert versions("events")[-1].number == made.number
    # The work that made the original, done again, leaves the copy alone.
    retrain(model, strategy, as_of=weeks(3)[2])
    assert aliases()["champion"] == made.number


def test_while_promotion_is_paused_work_goes_on_and_nobody_is_promoted(model, strategy):
    retrain(model, strategy, as_of=weeks(1)[0])
    pause("events", **PERSON)
    assert str(paused("events")).endswith("by ada: it looks wrong")
    open_gate = Periodic(
        schedule="@weekly", train="30D", holdout="7D", gate=Gate(resamples=50, tolerance=1, min_rows=50)
    )
    done = [retrain(model, open_gate, as_of=at) for at in weeks(6)[1:]]
    assert not any(one.promoted for one in done)
    withheld = [one for one in done if "withheld" in one.reason]
    assert withheld
    assert aliases()["champion"] == 1
    assert [run.data.tags["retrain.outcome"] for run in runs("events")].count("withheld") == len(withheld)
    resume("events", by="ada", reason="enough")
    assert paused("events") is None
    # Clearing the run lets what was withheld serve.
    assert retrain(model, open_gate, as_of=withheld[-1].as_of).promoted
    with pytest.raises(RegistryError, match="not paused"):
        resume("events", by="ada", reason="enough")


def test_models_are_those_with_a_version_of_ours(model, strategy):
    client().create_registered_model("somebody-elses")
    assert list(all_versions()) == []
    retrain(model, strategy, as_of=weeks(1)[0])
    assert list(all_versions()) == ["events"]
