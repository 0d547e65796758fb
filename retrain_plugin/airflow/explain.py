"""A DAG explained in Airflow's own page about it."""

from __future__ import annotations

from collections.abc import Iterator

from retrain_plugin.declare.continual import REFUSALS, Continual
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.periodic import Periodic
from retrain_plugin.declare.trigger import KS, PSI, Decay, Trigger
from retrain_plugin.declare.triggered import Triggered


def explained(model: Model, strategy: Periodic) -> str:
    """Markdown that says what the DAG's tasks do and what was declared."""
    return f"""\
### {_headline(model, strategy)}

Each run decides for the end of its data interval, seeing only what was known then.

| task | what it does |
|---|---|
{_table(_tasks(strategy))}

| declared | |
|---|---|
{_table(_declared(model, strategy))}

**Params.** `as_of`: decide as if it were that moment. `force`: train and judge even where nothing asks for it.

**History**: `airflow backfill create --dag-id <this DAG> --from-date … --to-date …` decides it as it would have been \
decided. Runs, versions and reasons are in MLflow under the experiment and model `{model.name}`.
"""


def _headline(model: Model, strategy: Periodic) -> str:
    if isinstance(strategy, Continual):
        when = strategy.schedule if isinstance(strategy.schedule, str) else f"whenever {strategy.schedule.uri} changes"
        return f"Updates `{model.name}` from the champion's own weights ({when})"
    if isinstance(strategy, Triggered):
        return f"Checks `{model.name}` ({strategy.schedule}) and retrains it on evidence"
    return f"Retrains `{model.name}` by the calendar ({strategy.schedule})"


def _tasks(strategy: Periodic) -> Iterator[tuple[str, str]]:
    waits = "Waits until the run before has decided; a failed one holds nobody up."
    if isinstance(strategy, (Triggered, Continual)) and strategy.triggers:
        yield "`previous_run`", waits
        yield (
            f"`{strategy.contract.label}`",
            f"Counts the newest {strategy.window} of rows. Data that break the contract of the training rows are held.",
        )
        for trigger in strategy.triggers:
            yield f"`{trigger.label}`", _asks(trigger)
    if isinstance(strategy, Continual):
        if not strategy.triggers:
            yield "`previous_run`", waits
        yield from _updates(strategy)
        return
    if isinstance(strategy, Triggered):
        yield "`decide`", "Weighs all verdicts: retrain, keep, or hold. What is not needed is skipped."
        yield "`hold`", "Fails, so that somebody looks: the data are broken, or the triggers blind."
    yield "`check_data`", "Are the rows fit to learn from? An error stops the run before training."
    trained = "everything before the holdout" if strategy.train == "all" else f"{strategy.train} before the holdout"
    yield "`train`", f"Fits a challenger on {trained}."
    if not isinstance(strategy, Triggered):
        yield "`previous_run`", waits
    refit = ", and fits the winner once more on all of them" if strategy.refit else ""
    yield (
        "`validate`",
        f"Judges challenger against the champion of that time on the newest labelled rows, {strategy.holdout}{refit}.",
    )
    yield "`promote`", "Lets the winner serve. Skipped where the gate refused: the champion keeps serving."


def _updates(strategy: Continual) -> Iterator[tuple[str, str]]:
    yield (
        "`update`",
        f"Learns the labelled rows since the champion's, with {strategy.replay:g} replayed older ones for each. Serves "
        f"if it is no worse on the newest rows and has lost at most {strategy.forgetting:g} on the memory set, "
        f"{strategy.memory:.0%} of all rows, which are never learnt. Skipped where it does not, or nothing is new. "
        f"After {REFUSALS} refusals or {strategy.rebase_every} updates, and on a class or category never seen, it "
        f"trains in full: on {strategy.train} before the holdout, against the ordinary gate.",
    )


def _asks(trigger: Trigger) -> str:
    if isinstance(trigger, PSI):
        return f"Has a feature's distribution moved: PSI of {trigger.threshold:g} and beyond what is natural?"
    if isinstance(trigger, KS):
        return f"Has a feature's distribution moved: D or V of {trigger.min_effect:g} and beyond what is natural?"
    if isinstance(trigger, Decay):
        relative = trigger.relative or not trigger.judged_by.unit_free
        drop = f"{trigger.drop:.0%}" if relative else f"{trigger.drop:g}"
        return f"Has the champion lost {drop} of {trigger.metric} on the newest labelled rows, beyond doubt?"
    return f"Has the champion served for {trigger.age}? Then it is replaced whatever the others say."


def _declared(model: Model, strategy: Periodic) -> Iterator[tuple[str, str]]:
    gate = strategy.gate
    better = "at least" if model.judged_by.greater_is_better else "at most"
    floors = ", ".join(f"{name} {better} {value:g}" for name, value in gate.floors.items()) or "none"
    yield "rows", f"`{model.source}`, labels known {model.source.label_delay} after `{model.source.event_time}`"
    yield "features", ", ".join(f"`{name}`" for name in model.features)
    yield "target", f"`{model.target}`"
    yield "estimator", f"`{model.estimator}`"
    yield "judged by", f"{model.metric}, tolerance {gate.tolerance:g}, floors: {floors}"
    if isinstance(strategy, Continual):
        asking = [f"{strategy.rebase_every} updates", *([str(strategy.when)] if strategy.when else [])]
        yield "rebase", f"on {strategy.train}, after {' or '.join(asking)}"
        yield "kept", f"{strategy.keep} versions of updates, every rebase"
    if isinstance(strategy, Triggered):
        yield "when", f"{strategy.when}, or the champion is older than {strategy.max_age}"
        budget = f", {strategy.budget} retrains in {strategy.budget_period}" if strategy.budget else ""
        yield "limits", f"cooldown {strategy.cooldown}{budget}"
        alarm = "retrain" if strategy.when_blind == "retrain" else "hold and tell people"
        yield "blind", f"after {strategy.blind_after} checks at which a trigger can say nothing: {alarm}"


def _table(rows: Iterator[tuple[str, str]]) -> str:
    return "\n".join(f"| {left} | {right} |" for left, right in rows)
