from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain_plugin import Continual
from retrain_plugin.decide.rebase import Cause, Progress, rebase_due
from retrain_plugin.declare.continual import REFUSALS

STRATEGY = Continual(schedule="@daily", rebase_every=4)
CATEGORY = Cause("category", "a value never seen")


def due(progress, *causes):
    found = rebase_due(STRATEGY, progress, causes)
    return found and found.name


@pytest.mark.parametrize(
    ("progress", "causes", "expected"),
    [
        (Progress(), [], None),
        (Progress(updates=3), [], None),
        (Progress(updates=4), [], "due"),
        (Progress(refused=REFUSALS - 1), [], None),
        (Progress(refused=REFUSALS), [], "refusals"),
        (Progress(refused=REFUSALS, denied=("refusals",)), [], None),
        (Progress(refused=REFUSALS, denied=("refusals",), updates=4), [], "due"),
        (Progress(), [CATEGORY], "category"),
        (Progress(denied=("category",)), [CATEGORY], None),
        (Progress(denied=("category",), updates=4), [CATEGORY], "due"),
        (Progress(denied=("category",)), [CATEGORY, Cause("class", "2")], "class"),
        (Progress(denied=("force", "first")), [Cause("force", "asked for")], "force"),
    ],
)
def test_a_rebase_is_due_for_a_cause_after_refusals_or_after_so_many_updates(progress, causes, expected):
    assert due(progress, *causes) == expected


def test_a_pass_forgives_refusals_and_a_refused_rebase_begins_a_new_count():
    progress = Progress().after_update(passed=True).after_update(passed=False)
    assert (progress.updates, progress.refused) == (2, 1)
    assert progress.after_update(passed=True).refused == 0
    after = progress.after_refused_rebase(CATEGORY).after_refused_rebase(Cause("class", "2"))
    assert after == Progress(0, 0, ("category", "class"))


def test_refusals_ask_again_once_an_update_has_passed_in_between():
    stuck = Progress(refused=REFUSALS, denied=("category",))
    denied = stuck.after_refused_rebase(Cause("refusals", "two of them"))
    assert denied.denied == ("category", "refusals")
    for _ in range(REFUSALS):
        denied = denied.after_update(passed=False)
    assert not denied.stuck
    passed = denied.after_update(passed=True)
    assert passed.denied == ("category",)
    assert passed.after_update(passed=False).after_update(passed=False).stuck


@given(
    st.builds(
        Progress,
        st.integers(0, 1000),
        st.integers(0, 1000),
        st.lists(st.sampled_from(["category", "class", "changed since v3"]), unique=True).map(sorted).map(tuple),
    )
)
def test_progress_survives_tags(progress):
    assert Progress.from_tags(progress.to_tags()) == progress


@given(st.lists(st.booleans(), max_size=60))
def test_however_updates_fare_a_rebase_is_never_far(outcomes):
    """The model can always be trained in full again: no run of refusals or passes puts that off for ever."""
    progress, waited = Progress(), 0
    for passed in outcomes:
        if rebase_due(STRATEGY, progress, []):
            progress, waited = progress.after_refused_rebase(CATEGORY), 0
        progress, waited = progress.after_update(passed=passed), waited + 1
        assert waited <= STRATEGY.rebase_every
