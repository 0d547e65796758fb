from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from mlflow.tracking import MlflowClient
from sklearn.dummy import DummyClassifier

from retrain_plugin.registry import promote as promote_module
from retrain_plugin.registry.connect import client
from retrain_plugin.registry.model_store import store
from retrain_plugin.registry.promote import promote, refuse, settle_aliases
from retrain_plugin.registry.version import champion, champion_met, champions, versions
from tests.conftest import AS_OF

pytestmark = pytest.mark.usefixtures("mlflow_here")


@pytest.fixture
def make(mlflow_here, model):
    to = client()
    to.create_registered_model("m")
    run_id = to.create_run("0").info.run_id
    # What is promoted has to be a file; one is enough for all.
    uri, _ = store(model, DummyClassifier().fit([[0.0]], [0]), pd.DataFrame({"x": [0.0]}), run_id=run_id, name="m")

    def version(key: str):
        made = to.create_model_version("m", uri, run_id, tags={"retrain.key": key, "other": "tag"})
        return next(one for one in versions("m") if one.number == int(made.version))

    return version


def day(number: int):
    return AS_OF + timedelta(days=number)


def aliases():
    return {name: int(number) for name, number in client().get_registered_model("m").aliases.items()}


def number(found):
    return found and found.number


def test_an_unknown_model_has_no_versions_and_no_champion():
    assert versions("nobody") == []
    assert champion("nobody") is None


def test_the_champion_of_a_past_time_is_what_it_was(make):
    one, two = make("a"), make("b")
    promote(one, day(1))
    promote(two, day(8))
    assert [number(champion("m", day(at))) for at in (0, 1, 7, 8, 99)] == [None, 1, 1, 2, 2]
    assert aliases() == {"champion": 2, "previous": 1}


def test_an_older_promotion_never_takes_the_alias(make):
    newer, older = make("a"), make("b")
    promote(newer, day(8))
    promote(older, day(1))
    assert aliases() == {"champion": newer.number, "previous": older.number}
    assert number(champion("m", day(7))) == older.number


def test_promoting_twice_is_promoting_once(make):
    one = make("a")
    promote(one, day(1))
    first = versions("m")
    promote(versions("m")[0], day(5))
    assert versions("m") == first


def test_work_done_anew_supersedes_what_it_did_before(make):
    base, wrong, right = make("base"), make("week"), make("week")
    promote(base, day(0))
    promote(wrong, day(7))
    promote(right, day(7))
    assert number(champion("m", day(7))) == right.number
    assert aliases() == {"champion": right.number, "previous": base.number}
    assert versions("m")[1].tags["superseded_by"] == str(right.number)


def test_work_done_anew_and_refused_gives_way_to_the_champion_before(make):
    base, wrong, refused = make("base"), make("week"), make("week")
    promote(base, day(0))
    promote(wrong, day(7))
    refuse(refused)
    assert aliases()["champion"] == base.number
    assert number(champion("m", day(9))) == base.number


def test_the_last_champion_is_never_taken_away(make):
    only, refused = make("week"), make("week")
    promote(only, day(0))
    refuse(refused)
    assert aliases()["champion"] == only.number


def test_aliases_follow_the_tags_whoever_set_them_wrongly(make):
    one, two = make("a"), make("b")
    promote(one, day(1))
    promote(two, day(2))
    client().set_registered_model_alias("m", "champion", "1")
    client().set_registered_model_alias("m", "previous", "2")
    settle_aliases("m")
    assert aliases() == {"champion": 2, "previous": 1}


def test_a_retired_version_was_champion_until_then(make):
    one, two = make("a"), make("b")
    promote(one, day(1))
    promote(two, day(2))
    client().set_model_version_tag("m", "2", "retrain.retired_as_of", day(5).isoformat())
    settle_aliases("m")
    history = versions("m")
    assert [number(champions(history, day(at))[-1]) for at in (1, 2, 4, 5, 6)] == [1, 2, 2, 1, 1]
    assert aliases()["champion"] == 1


def test_all_versions_are_seen_beyond_one_page(make, monkeypatch):
    for index in range(7):
        make(f"k{index}")
    ask = type(client()).search_model_versions

    def small(self, where, max_results=2, page_token=None):
        return ask(self, where, max_results=2, page_token=page_token)

    monkeypatch.setattr(type(client()), "search_model_versions", small)
    assert [one.number for one in versions("m")] == list(range(1, 8))


def test_two_works_that_take_back_theirs_at_once_leave_the_newest(make, monkeypatch):
    one, two = make("a"), make("b")
    promote(one, day(1))
    promote(two, day(1))
    known = versions("m")
    # Each looks before the other has written: the other's serves, it says.
    with monkeypatch.context() as patch:
        patch.setattr(promote_module, "champions", lambda _: known)
        patch.setattr(promote_module, "settle_aliases", lambda _: None)
        for redone in known:
            refuse(redone)
    assert champion("m") is None
    settle_aliases("m")
    assert number(champion("m")) == two.number
    assert aliases() == {"champion": two.number}
    settle_aliases("m")
    assert [bool(one.retired_as_of) for one in versions("m")] == [True, False]


def test_who_was_rolled_back_is_not_brought_back_for_want_of_another(make):
    one = make("a")
    promote(one, day(1))
    client().set_model_version_tag("m", str(one.number), "retrain.retired_as_of", day(2).isoformat())
    settle_aliases("m")
    assert champion("m") is None


def test_whoever_was_met_at_the_same_moment_stays(make):
    base, one, two = make("base"), make("a"), make("b")
    promote(base, day(0))
    promote(one, day(7))
    promote(two, day(7))
    known = versions("m")
    assert number(champion_met(known, day(7), None)) == two.number
    assert [number(champion_met(known, day(7), f"v{one.number}")) for one in known] == [1, 2, 3]
    # Nobody was there, it said, but somebody was before: that is another champion.
    assert number(champion_met(known, day(7), "none")) == two.number
    assert champion_met(known[1:], day(7), "none") is None
    promote(make("c"), day(3))
    assert number(champion_met(versions("m"), day(7), base.name)) == two.number


def test_an_alias_that_another_begins_at_the_same_moment_is_moved_all_the_same(make, monkeypatch):
    one = make("a")
    setting = MlflowClient.set_registered_model_alias
    asked = []

    def refused_once(self, name, alias, version):
        asked.append(alias)
        if len(asked) == 1:
            raise MlflowException("UNIQUE constraint failed", error_code=BAD_REQUEST)
        setting(self, name, alias, version)

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", refused_once)
    promote(one, day(1))
    assert asked == ["champion", "champion"]
    assert aliases() == {"champion": 1}
