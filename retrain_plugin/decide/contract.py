"""Is the data broken? The newest rows against the contract that a model's training rows set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from retrain_plugin.declare.trigger import DataFault
from retrain_plugin.statistics.kolmogorov_smirnov import ks
from retrain_plugin.statistics.natural import natural_variation, own_windows, windows_before
from retrain_plugin.statistics.profile import CategoryBins, Counts, NumericBins, Profile, grouped, grouping
from retrain_plugin.statistics.psi import psi

# What the contract allows itself beyond a share's own largest rise; fixed, as all rules are scaled by it.
_MARGIN = 1.2
# A bin no wider than that part of the range stands for one value.
_NARROW = 0.02
# Distances smaller than these are no fault however steady a feature was.
_LEAST_PSI, _LEAST_KS, _LEAST_STEP, _LEAST_BESIDE = 0.5, 0.15, 0.3, 0.5
_LEAST_ROWS_BESIDE = 30
_LEAST_WINDOWS = 5


@dataclass(frozen=True)
class Fault:
    """One way in which a feature breaks the contract; `value` is beyond `limit`."""

    feature: str
    rule: str
    value: float
    limit: float
    detail: str

    def __str__(self) -> str:
        return f"{self.feature}: {self.detail}"


def faults(
    contract: DataFault,
    reference: Mapping[str, Profile],
    window: Mapping[str, Profile],
    *,
    days: int,
    start: date,
    whole: Mapping[str, Profile] | None = None,
) -> list[Fault]:
    """Every fault in a window of `days` days that begins at `start`, the worst of its kind first.

    All profiles are over the reference's bins. `whole` is an earlier window that kept the
    contract: what was so then already is the world's slow change since the training, and no
    fault. Rules that need the reference's own windows are left out where it is not at least six
    windows long, or keeps no counts by day.
    """
    found = [
        fault
        for name, one in reference.items()
        if window[name].rows and one.rows
        for fault in _of_feature(contract, name, one, one, window[name], days, start)
    ]
    if whole and found:
        since = {
            (fault.feature, fault.rule)
            for name in {one.feature for one in found}
            if whole[name].rows
            for fault in _of_feature(contract, name, reference[name], whole[name], window[name], days, start)
        }
        found = [one for one in found if (one.feature, one.rule) in since or not whole[one.feature].rows]
    return sorted(found, key=lambda fault: -fault.value / max(fault.limit, 1e-9))


def _of_feature(
    contract: DataFault, name: str, reference: Profile, usual: Profile, window: Profile, days: int, start: date
) -> Iterator[Fault]:
    """Faults of a window against what is usual: the reference itself, or an earlier window.

    How much a feature moves by itself is always the reference's own.
    """
    groups = grouping(reference)
    windows, rest = own_windows(reference.daily, days)
    yield from _shares(contract, name, usual, window, windows, rest)
    # With fewer, their largest distance says little about how large it may be.
    if len(windows) < _LEAST_WINDOWS * days:
        return
    ours, theirs = _with_missing(usual, groups), _with_missing(window, groups)
    yield from _sudden(contract, name, reference, ours, theirs, days)
    if reference.numeric:
        yield from _step(contract, name, reference, None if usual is reference else ours, theirs, days, start)
        yield from _beside(contract, name, _with_missing(reference, groups), ours, theirs, windows, rest)
    else:
        yield from _gone(contract, name, reference, window, windows)


def _shares(
    contract: DataFault, name: str, reference: Profile, window: Profile, windows: Counts, rest: Counts
) -> Iterator[Fault]:
    rows = window.rows
    if (far := (window.far / rows) - reference.far / reference.rows) > contract.far:
        assert isinstance(reference.bins, NumericBins)
        low, high = reference.bins.edges[0], reference.bins.edges[-1]
        yield Fault(
            name, "far", far, contract.far,
            f"{window.far} of {rows} rows ({window.far / rows:.0%}) are far outside the training range "
            f"[{low:g}, {high:g}]",
        )  # fmt: skip
    known_others = reference.unseen / reference.rows
    if (unseen := window.unseen / rows - known_others) > contract.unseen:
        yield Fault(
            name, "unseen", unseen, contract.unseen,
            f"{window.unseen} of {rows} rows ({window.unseen / rows:.0%}) have a category the training rows never had",
        )  # fmt: skip
    usual = _rises(windows, rest)
    lost, known = window.missing + window.non_finite, reference.missing + reference.non_finite
    rise = lost / rows - known / reference.rows
    if rise > (limit := max(contract.missing, _MARGIN * usual[-1])):
        yield Fault(
            name, "missing", rise, limit,
            f"{lost} of {rows} values ({lost / rows:.0%}) are missing or infinite, "
            f"{known / reference.rows:.0%} were in training",
        )  # fmt: skip
    risen = window.counts / rows - reference.counts / reference.rows
    single = np.where(_single_valued(reference), risen, -1.0)
    if single.max(initial=-1.0) > (limit := max(contract.single, _MARGIN * float(usual[:-1].max(initial=0.0)))):
        at = int(np.argmax(single))
        yield Fault(
            name, "single", float(single[at]), limit,
            f"{_bin_name(reference, at)} makes up {window.counts[at] / rows:.0%} of the rows, "
            f"{reference.counts[at] / reference.rows:.0%} in training",
        )  # fmt: skip


def _rises(windows: Counts, rest: Counts) -> NDArray[np.float64]:
    """The largest rise of each group's share in a window of the reference's own against its rest."""
    if not len(windows):
        return np.zeros(2)
    risen = windows / windows.sum(axis=1, keepdims=True) - rest / rest.sum(axis=1, keepdims=True)
    largest: NDArray[np.float64] = risen.max(axis=0)
    return largest


def _single_valued(reference: Profile) -> NDArray[np.bool_]:
    """Which bins stand for one value: narrow ones, and every category but "other"."""
    if not isinstance(reference.bins, NumericBins):
        return np.arange(len(reference.bins)) < len(reference.bins) - 1
    edges = np.array(reference.bins.edges)
    inner = np.ones(1, dtype=bool) if len(edges) < 2 else np.diff(edges) <= _NARROW * (edges[-1] - edges[0])
    return np.concatenate([[False, False], inner, [False, False]]) if len(edges) else np.zeros(1, dtype=bool)


def _bin_name(reference: Profile, at: int) -> str:
    if isinstance(reference.bins, CategoryBins):
        return f"category {reference.bins.categories[at]!r}"
    return f"the value {reference.bins.bounds[at]:g} or the like"


def _with_missing(profile: Profile, groups: NDArray[np.int64]) -> Counts:
    return np.append(grouped(profile, groups), profile.missing + profile.non_finite)


def _sudden(
    contract: DataFault, name: str, reference: Profile, ours: Counts, theirs: Counts, days: int
) -> Iterator[Fault]:
    """Out of all proportion to what windows of this feature do by themselves."""
    kinds = [("PSI", float(psi(ours, theirs)), psi, _LEAST_PSI)]
    if reference.numeric:
        # Missing values have no place in the order.
        kinds.append(("D", float(ks(ours[:-1], theirs[:-1])), _ks_of_values, _LEAST_KS))
    for word, value, statistic, least in kinds:
        natural = natural_variation(reference.daily, days, statistic)
        assert natural is not None
        if value > (limit := max(least, contract.sudden * natural)):
            yield Fault(
                name, "sudden", value, limit,
                f"{word} {value:.2f} against the training rows, whose own windows reach {natural:.2f}",
            )  # fmt: skip
            return


def _ks_of_values(reference: Counts, window: Counts) -> NDArray[np.float64]:
    return ks(reference[..., :-1], window[..., :-1])


def _step(
    contract: DataFault, name: str, reference: Profile, before: Counts | None, theirs: Counts, days: int, start: date
) -> Iterator[Fault]:
    """A leap from the window before, larger than the training rows ever made in as much time."""
    last, earlier, later = windows_before(reference.daily, days, start)
    if before is None:
        before = last
    if before is None or len(earlier) < _LEAST_WINDOWS * days:
        return
    value = float(ks(before[:-1], theirs[:-1]))
    natural = float(_ks_of_values(earlier, later).max())
    if value > (limit := max(_LEAST_STEP, natural + contract.step * (1 - natural))):
        yield Fault(
            name, "step", value, limit,
            f"D {value:.2f} against the window before, where steps of that length reach {natural:.2f}",
        )  # fmt: skip


def _beside(
    contract: DataFault, name: str, reference: Counts, ours: Counts, theirs: Counts, windows: Counts, rest: Counts
) -> Iterator[Fault]:
    """Where most rows share one value (no rain), a wrong unit shows in the others only."""
    heavy = int(np.argmax(reference[:-1]))
    if reference[heavy] * 2 <= reference.sum():
        return
    beside = np.arange(len(reference) - 1) != heavy
    enough = windows[:, :-1][:, beside].sum(axis=1) >= _LEAST_ROWS_BESIDE
    if not enough.any() or theirs[:-1][beside].sum() < _LEAST_ROWS_BESIDE:
        return
    value = float(ks(ours[:-1][beside], theirs[:-1][beside]))
    natural = float(ks(rest[:, :-1][:, beside], windows[:, :-1][:, beside])[enough].max())
    if value > (limit := max(_LEAST_BESIDE, natural + contract.beside * (1 - natural))):
        yield Fault(
            name, "beside", value, limit,
            f"D {value:.2f} among the values beside the usual one, where training windows reach {natural:.2f}",
        )  # fmt: skip


def _gone(contract: DataFault, name: str, reference: Profile, window: Profile, windows: Counts) -> Iterator[Fault]:
    """A category that was always there has all but vanished: renamed, or lost on the way."""
    assert isinstance(reference.bins, CategoryBins)
    groups = grouping(reference)
    shares = windows / windows.sum(axis=1, keepdims=True)
    alone = np.bincount(groups, minlength=shares.shape[1] - 1) == 1
    for at, category in enumerate(reference.bins.categories):
        group = groups[at]
        least = float(shares[:, group].min()) if alone[group] else 0.0
        share = window.counts[at] / window.rows
        if least > contract.gone and share <= 0.05 * least:
            yield Fault(
                name, "gone", least, contract.gone,
                f"category {category!r}, never under {least:.0%} of a training window, is {share:.1%} now",
            )  # fmt: skip
