"""The decision's truth table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import product

import pytest

from retrain_plugin import KS, PSI, Decay, Triggered, all_of, any_of, at_least
from retrain_plugin.decide.decision import History, decide, holds
from retrain_plugin.decide.verdict import Verdict

NOW = datetime(2024, 3, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
STATES = ("fired", "quiet", "insufficient", "error")
SERVING = History(promoted_as_of=NOW - 30 * DAY)


def strategy(**changes: object) -> Triggered:
    usual = {"schedule": "@daily", "window": "7D", "when": any_of(PSI(), KS()), "max_age": "90D", "cooldown": "7D"}
    return Triggered(**{**usual, **changes})


def verdicts(contract="quiet", psi="quiet", ks="quiet", max_age="quiet"):
    said = {"data_fault": contract, "psi": psi, "ks": ks, "max_age": max_age}
    return tuple(
        Verdict(name, state, f"{name}!", blind=state in ("insufficient", "error")) for name, state in said.items()
    )


def action(history=SERVING, of=None, force=False, **states):
    made = decide(of or strategy(), verdicts(**states), history, as_of=NOW, force=force)
    assert made.reason
    return made.action


@pytest.mark.parametrize(("contract", "psi", "ks", "max_age"), list(product(STATES, repeat=4)))
def test_every_combination_of_verdicts(contract, psi, ks, max_age):
    expected = "keep"
    if "fired" in (psi, ks, max_age):
        expected = "retrain"
    if contract == "fired":
        expected = "hold"
    assert action(contract=contract, psi=psi, ks=ks, max_age=max_age) == expected


@pytest.mark.parametrize(("contract", "psi"), list(product(STATES, repeat=2)))
def test_without_a_champion_only_broken_data_hold(contract, psi):
    assert action(History(), contract=contract, psi=psi) == ("hold" if contract == "fired" else "retrain")


@pytest.mark.parametrize("contract", STATES)
def test_force_does_all_but_train_on_broken_data(contract):
    assert action(contract=contract, force=True) == ("hold" if contract == "fired" else "retrain")


def test_neither_max_age_nor_the_blind_rule_nor_force_trains_on_held_data():
    held = replace(SERVING, held="third of the temperatures missing", unseeing={"psi": 9})
    for contract in ("insufficient", "error"):
        assert action(held, contract=contract, max_age="fired") == "hold"
        assert action(held, contract=contract, psi="error") == "hold"
        assert action(held, contract=contract, force=True) == "hold"
    assert action(held, contract="quiet", max_age="fired") == "retrain"


@pytest.mark.parametrize(("days", "expected"), [(1, "keep"), (6, "keep"), (7, "retrain"), (8, "retrain")])
def test_triggers_are_not_heard_during_the_cooldown(days, expected):
    history = replace(SERVING, retrains=(NOW - 40 * DAY, NOW - days * DAY))
    assert action(history, psi="fired") == expected
    assert action(history, psi="fired", max_age="fired") == expected


@pytest.mark.parametrize(("when_blind", "expected"), [("retrain", "retrain"), ("alert", "hold")])
def test_a_trigger_blind_too_often_in_a_row_is_an_alarm(when_blind, expected):
    of = strategy(blind_after=3, when_blind=when_blind)
    for state in ("insufficient", "error"):
        assert action(replace(SERVING, unseeing={"psi": 1}), of, psi=state) == "keep"
        assert action(replace(SERVING, unseeing={"psi": 2}), of, psi=state) == expected
    assert action(replace(SERVING, unseeing={"psi": 2}), of, psi="quiet") == "keep"
    assert action(replace(SERVING, unseeing={"data_fault": 2}), of, contract="error") == expected


def test_an_insufficiency_that_is_no_blindness_is_none():
    fresh = tuple(replace(one, state="insufficient", blind=False) for one in verdicts())
    made = decide(strategy(), fresh, replace(SERVING, unseeing={"psi": 99}), as_of=NOW)
    assert made.action == "keep"


def test_a_budget_bounds_what_triggers_ask_for_but_not_max_age():
    of = strategy(budget=2, budget_period="30D", cooldown="0D")
    spent = replace(SERVING, retrains=(NOW - 20 * DAY, NOW - 10 * DAY))
    assert action(spent, of, psi="fired") == "keep"
    assert action(replace(spent, unseeing={"ks": 5}), of, ks="error") == "keep"
    assert action(spent, of, max_age="fired") == "retrain"
    assert action(replace(SERVING, retrains=(NOW - 40 * DAY, NOW - 10 * DAY)), of, psi="fired") == "retrain"


def test_conditions_nest():
    when = at_least(2, PSI(), KS(), all_of(Decay("f1", drop=0.1), PSI(name="psi_strict", threshold=1)))
    names = ("psi", "ks", "decay_f1", "psi_strict")
    for states in product((True, False), repeat=4):
        said = {
            name: Verdict(name, "fired" if fired else "quiet", "") for name, fired in zip(names, states, strict=True)
        }
        psi, ks, decay, strict = states
        assert holds(when, said) == (psi + ks + (decay and strict) >= 2)


def test_a_decision_is_a_pure_function():
    one, other = (decide(strategy(), verdicts(psi="fired"), SERVING, as_of=NOW) for _ in range(2))
    assert one == other
    assert one.to_json()["action"] == "retrain"
