"""Are these rows fit to train and to judge on?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from retrain_plugin.data.rows import Rows
from retrain_plugin.declare.model import Model
from retrain_plugin.errors import UnsoundDataError
from retrain_plugin.statistics.profile import (
    CategoricalProfile,
    FeatureProfile,
    NumericProfile,
    profile_categories,
    profile_numbers,
)


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
                "failed task, or change the limits in Model(expect=Expectations(...))"
            )


def profile(rows: Rows) -> dict[str, FeatureProfile]:
    """The profile of every feature of some rows."""
    profiles: dict[str, FeatureProfile] = {}
    for name, column in rows.frame.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            counted = {str(category): int(count) for category, count in column.value_counts().items() if count}
            profiles[str(name)] = profile_categories(counted, missing=int(column.isna().sum()))
        else:
            profiles[str(name)] = profile_numbers(column.to_numpy(np.float64))
    return profiles


def check(model: Model, train: Rows, holdout: Rows, reference: Mapping[str, FeatureProfile]) -> DataReport:
    """Look at both windows for everything that would make a model trained or judged on them a lie.

    `reference` is the profile of the training rows, against which the holdout is compared.
    """
    expect = model.expect
    findings: list[Finding] = []
    for name, rows, least in (("train", train, expect.min_train_rows), ("holdout", holdout, expect.min_holdout_rows)):
        findings += _amount(name, rows, least)
        if len(rows):
            findings += _labels(model, name, rows)
            findings += _features(model, name, rows)
    if len(train) and len(holdout):
        findings += _holdout_against_train(model, holdout, reference)
    return DataReport(len(train), len(holdout), tuple(findings))


def schema_changes(then: Mapping[str, FeatureProfile], rows: Rows) -> list[str]:
    """How the features of some rows differ in kind from those a version was trained on, in words."""
    changes = []
    for name, profiled in then.items():
        if name not in rows.frame:
            changes.append(f"feature {name!r} is gone")
        elif isinstance(profiled, NumericProfile) == isinstance(rows.frame[name].dtype, pd.CategoricalDtype):
            was, now = ("a number", "text") if isinstance(profiled, NumericProfile) else ("text", "a number")
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


def _labels(model: Model, window: str, rows: Rows) -> Iterator[Finding]:
    total = len(rows) + rows.unlabelled
    yield from _graded(
        "labels", window, rows.unlabelled, total, model.expect.max_unlabelled, f"label {model.target!r} is missing"
    )
    if model.judged_by.task == "classification":
        classes = pd.unique(pd.Series(rows.target))
        if len(classes) < 2:
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


def _holdout_against_train(model: Model, holdout: Rows, reference: Mapping[str, FeatureProfile]) -> Iterator[Finding]:
    for name, known in reference.items():
        column = holdout.frame[name]
        if isinstance(known, NumericProfile):
            if not known.edges:
                continue
            low, high = known.edges[0], known.edges[-1]
            margin = (high - low) / 10
            values = column.to_numpy(np.float64)
            outside = int(((values < low - margin) | (values > high + margin)).sum())
            what = f"{name!r} is far outside the training range [{low:g}, {high:g}]"
            # Against a constant every other value is outside: worth a word, not a stop.
            limit = model.expect.max_outside if high > low else 1.0
            yield from _graded("outside", "holdout", outside, len(holdout), limit, what, name)
        elif isinstance(known, CategoricalProfile) and not known.other:
            unseen = column.notna() & ~column.astype(str).isin(list(known.counts))
            shown = ", ".join(sorted(set(column[unseen].astype(str)))[:5])
            what = f"{name!r} has categories the training window never had ({shown})"
            yield from _graded(
                "unseen", "holdout", int(unseen.sum()), len(holdout), model.expect.max_unseen, what, name
            )
