"""Are these rows fit to train and to judge on?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta, timezone
from typing import Any, Literal

import numpy as np
import pandas as pd

from retrain_plugin.data.profile import profile_against
from retrain_plugin.data.rows import Rows
from retrain_plugin.decide.contract import Fault, faults
from retrain_plugin.declare.duration import whole_days
from retrain_plugin.declare.model import Model
from retrain_plugin.declare.trigger import DataFault
from retrain_plugin.errors import UnsoundDataError
from retrain_plugin.statistics.profile import CategoryBins, Profile

_WHOLE_DAY = timedelta(days=1)
_AT_ANY_HOUR = ("far", "missing", "unseen")


@dataclass(frozen=True)
class Finding:
    """One thing found in the data: what, where, how often, and whether it stops the run."""

    check: str
    severity: Literal["warning", "error"]
    window: str
    message: str
    feature: str | None = None
    count: int = 0
    share: float = 0.0

    def __str__(self) -> str:
        return f"{self.window}: {self.message}"


@dataclass(frozen=True)
class DataReport:
    """Everything the data check found, and how many labelled rows it looked at."""

    train_rows: int
    holdout_rows: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the run."""
        return tuple(one for one in self.findings if one.severity == "error")

    def to_json(self) -> dict[str, Any]:
        """The report as JSON types."""
        return asdict(self)

    def require_sound(self, model: Model, train: Rows, holdout: Rows) -> None:
        """Stop here if anything found forbids training.

        Raises:
            UnsoundDataError: naming the model, both windows, each error with its counts, and the remedy.
        """
        if self.errors:
            raise UnsoundDataError(
                f"model {model.name!r}, train {train.window}, holdout {holdout.window}: "
                + "; ".join(map(str, self.errors))
                + ". Nothing was trained and the champion keeps serving: correct the data and clear the "
                "failed task, or change the limits in Model(expect=Expectations(...)) or in the strategy's contract"
            )


def check(
    model: Model,
    train: Rows,
    holdout: Rows,
    reference: Mapping[str, Profile],
    contract: DataFault,
    *,
    accepted: Collection[tuple[str, str]] = (),
) -> DataReport:
    """Look at both windows for everything that would make a model trained or judged on them a lie.

    `reference` is the profile of the training rows, whose contract the holdout has to keep;
    `accepted` names breaches, by feature and rule, that a person has declared to be right.
    """
    expect = model.expect
    findings: list[Finding] = []
    for name, rows, least in (("train", train, expect.min_train_rows), ("holdout", holdout, expect.min_holdout_rows)):
        findings += _amount(name, rows, least)
        if len(rows):
            findings += _labels(model, name, rows)
            findings += _features(model, name, rows)
    if len(train) and len(holdout) >= contract.min_rows:
        findings += _against_contract(holdout, "holdout", reference, contract, accepted)
    return DataReport(len(train), len(holdout), tuple(findings))


def check_new(
    model: Model,
    new: Rows,
    reference: Mapping[str, Profile],
    contract: DataFault,
    *,
    whole: Mapping[str, Profile] | None,
    accepted: Collection[tuple[str, str]] = (),
) -> tuple[Finding, ...]:
    """Look at the rows of an update for what would make a model that learns them a lie.

    They have to keep the contract of `reference`, the rows of the last full fit; what was so
    already in the rows that were learnt last, `whole`, is the season. One
    class alone is no fault here: a short while may have no other.
    """
    findings = [*_labels(model, "new rows", new, alone=True), *_features(model, "new rows", new)]
    if len(new) >= contract.min_rows:
        findings += _against_contract(new, "new rows", reference, contract, accepted, whole)
    return tuple(findings)


def schema_changes(then: Mapping[str, Profile], rows: Rows) -> list[str]:
    """How the features of some rows differ in kind from those a version was trained on, in words."""
    changes = []
    for name, profiled in then.items():
        if name not in rows.frame:
            changes.append(f"feature {name!r} is gone")
        elif profiled.numeric == isinstance(rows.frame[name].dtype, pd.CategoricalDtype):
            was, now = ("a number", "text") if profiled.numeric else ("text", "a number")
            changes.append(f"feature {name!r} was {was} and is {now}")
    return changes


def _graded(
    check: str, window: str, count: int, rows: int, limit: float, what: str, feature: str | None = None
) -> Iterator[Finding]:
    """An error where the share is beyond its limit, a warning where there is any."""
    if not count:
        return
    share = count / rows
    message = f"{what}: {count} of {rows} rows ({share:.1%}, at most {limit:.1%} is allowed)"
    yield Finding(check, "error" if share > limit else "warning", window, message, feature, count, share)


def _amount(window: str, rows: Rows, least: int) -> Iterator[Finding]:
    if not len(rows) and rows.unlabelled:
        message = f"all {rows.unlabelled} labels are missing in {rows.window}"
        yield Finding("labels", "error", window, message, count=rows.unlabelled, share=1.0)
    elif len(rows) < least:
        found = "the window is empty" if not len(rows) else f"only {len(rows)} labelled rows"
        yield Finding(
            "rows", "error", window, f"{found} in {rows.window}, at least {least} are needed", count=len(rows)
        )


def _labels(model: Model, window: str, rows: Rows, *, alone: bool = False) -> Iterator[Finding]:
    total = len(rows) + rows.unlabelled
    yield from _graded(
        "labels", window, rows.unlabelled, total, model.expect.max_unlabelled, f"label {model.target!r} is missing"
    )
    if model.judged_by.task == "classification":
        classes = pd.unique(pd.Series(rows.target))
        if len(classes) < 2 and not alone:
            message = f"label {model.target!r} has one class only ({classes[0]!r}) in {len(rows)} rows"
            yield Finding("classes", "error", window, message, count=len(rows), share=1.0)
    elif broken := int((~np.isfinite(rows.target)).sum()):
        message = f"label {model.target!r} is infinite in {broken} of {len(rows)} rows"
        yield Finding("labels", "error", window, message, count=broken, share=broken / len(rows))


def _features(model: Model, window: str, rows: Rows) -> Iterator[Finding]:
    for name, column in rows.frame.items():
        missing = int(column.isna().sum())
        yield from _graded(
            "missing", window, missing, len(rows), model.expect.max_missing, f"{name!r} is missing", str(name)
        )
        if not isinstance(column.dtype, pd.CategoricalDtype):
            infinite = int(np.isinf(column.to_numpy(np.float64)).sum())
            yield from _graded(
                "non-finite",
                window,
                infinite,
                len(rows),
                model.expect.max_non_finite,
                f"{name!r} is infinite",
                str(name),
            )
    whole = rows.frame.assign(**{" target": rows.target, " event time": rows.event_time})
    yield from _graded(
        "duplicates",
        window,
        int(whole.duplicated().sum()),
        len(rows),
        model.expect.max_duplicates,
        "equal to an earlier row in every column read",
    )


def _against_contract(
    rows: Rows,
    name: str,
    reference: Mapping[str, Profile],
    contract: DataFault,
    accepted: Collection[tuple[str, str]],
    whole: Mapping[str, Profile] | None = None,
) -> Iterator[Finding]:
    window = profile_against(rows, reference)
    start = rows.window.start
    assert start is not None
    length = rows.window.end - start
    broken = faults(
        contract,
        reference,
        window,
        days=whole_days(length),
        start=start.astimezone(timezone.utc).date(),
        whole=whole,
    )
    if length < _WHOLE_DAY:
        # What an hour looks like says nothing about the day that the reference was counted by.
        broken = [one for one in broken if one.rule in _AT_ANY_HOUR]
    for one in broken:
        severity: Literal["warning", "error"] = "warning" if (one.feature, one.rule) in accepted else "error"
        message = f"{one.feature!r}: {one.detail}{_named(one, rows, reference)}"
        yield Finding(one.rule, severity, name, message, one.feature, share=one.value)
    named = {one.feature for one in broken}
    for feature, counted in window.items():
        for check, count, what in (
            ("far", counted.far, "values are far outside the training range"),
            ("unseen", counted.unseen, "values have a category the training rows never had"),
        ):
            if count and feature not in named:
                share = count / counted.rows
                message = f"{feature!r}: {count} of {counted.rows} {what}"
                yield Finding(check, "warning", name, message, feature, count, share)


def _named(fault: Fault, rows: Rows, reference: Mapping[str, Profile]) -> str:
    """Some of the categories that are new, for whoever has to find out where they come from."""
    bins = reference[fault.feature].bins
    if fault.rule != "unseen" or not isinstance(bins, CategoryBins):
        return ""
    new = sorted({str(one) for one in rows.frame[fault.feature].dropna().unique()} - {*bins.categories})
    return f" ({', '.join(new[:5])}{', ...' if len(new) > 5 else ''})"
