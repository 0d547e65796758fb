"""The shape of some rows as counts only: profiles add up over days, and an engine can count them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

# Fine bins of a numeric feature, groups of them that are counted by day, named categories, days kept.
FINE, GROUPS, CATEGORIES, DAYS = 256, 20, 1000, 400
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class NumericBins:
    """Bins between a reference's own quantiles.

    `edges` has k + 1 strictly increasing entries, the smallest and the largest value first and
    last; one entry where all values are equal, none where there were none. Beyond the edges lie
    four more bins: below and above the range, and *far* below and above, by more than a tenth of it.
    """

    edges: tuple[float, ...]

    @property
    def bounds(self) -> tuple[float, ...]:
        """Upper bounds, each included in its bin: far below, below, the k bins, above. Far above is the rest."""
        if not self.edges:
            return ()
        low, high = self.edges[0], self.edges[-1]
        # A constant has no scale by which anything could be far from it.
        margin = (high - low) / 10 or math.inf
        return (low - margin, math.nextafter(low, -math.inf), *(self.edges[1:] or self.edges), high + margin)

    def __len__(self) -> int:
        return len(self.bounds) + 1

    def count(self, values: NDArray[np.float64]) -> Counts:
        """Finite values of shape (n,) by bin; int64, shape (len(self),)."""
        return np.bincount(np.searchsorted(self.bounds, values, side="left"), minlength=len(self))

    def inner(self, counts: Counts) -> Counts:
        """The counts of the k bins, what lies beyond them counted in the first and the last."""
        if not self.edges:
            return counts
        inside = counts[2:-2].copy()
        inside[0] += counts[0] + counts[1]
        inside[-1] += counts[-2] + counts[-1]
        return inside


@dataclass(frozen=True)
class CategoryBins:
    """One bin a category of the reference, most frequent first, and one for any other."""

    categories: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.categories) + 1

    def count(self, counted: Mapping[str, int]) -> Counts:
        """Counts by category as counts by bin; int64, shape (len(self),)."""
        known = [counted.get(name, 0) for name in self.categories]
        return np.array([*known, sum(counted.values()) - sum(known)], dtype=np.int64)

    def inner(self, counts: Counts) -> Counts:
        """All bins: what is new is a category of its own."""
        return counts


Bins = NumericBins | CategoryBins


@dataclass(frozen=True, eq=False)
class Daily:
    """Counts by day, in UTC, over coarse groups of the bins.

    `counts` is int64 of shape (days, groups + 1): the groups of :func:`grouping`, then what is
    missing or not finite. Days without rows are rows of zeros.
    """

    first: date
    counts: Counts


@dataclass(frozen=True, eq=False)
class Profile:
    """One feature's counts over some rows.

    `counts` is int64 of shape (len(bins),); `rows` = its sum + `missing` + `non_finite`. NaN is missing.
    """

    bins: Bins
    counts: Counts
    missing: int = 0
    non_finite: int = 0
    daily: Daily | None = None

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return int(self.counts.sum()) + self.missing + self.non_finite

    @property
    def numeric(self) -> bool:
        """Whether the feature is a number, not text."""
        return isinstance(self.bins, NumericBins)

    @property
    def far(self) -> int:
        """Values far out of the reference's range."""
        return int(self.counts[0] + self.counts[-1]) if self.numeric and len(self.bins) > 1 else 0

    @property
    def unseen(self) -> int:
        """Values of categories the reference has no bin for."""
        return 0 if self.numeric else int(self.counts[-1])

    def __add__(self, other: Profile) -> Profile:
        """Both together, where they share their bins. The days of neither are kept.

        Raises:
            ValueError: they do not.
        """
        if self.bins != other.bins:
            raise ValueError("profiles over different bins do not add up")
        return Profile(
            self.bins, self.counts + other.counts, self.missing + other.missing, self.non_finite + other.non_finite
        )


def numeric_bins(values: NDArray[np.float64]) -> NumericBins:
    """Bins at the quantiles of the finite ones among float64 values of shape (n,), duplicates merged."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return NumericBins(())
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, FINE + 1), method="inverted_cdf"))
    return NumericBins(tuple(edges.tolist()))


def widened(profile: Profile, low: float, high: float) -> Profile:
    """The profile as if its range reached from `low` to `high` too; the counts stay, the end bins are wider.

    By no more than what does not count as far away, so that no outlier widens it.
    """
    bins = profile.bins
    if not isinstance(bins, NumericBins) or len(bins.edges) < 2 or not low <= high:
        return profile
    first, *inner, last = bins.edges
    first, last = min(first, max(low, bins.bounds[0])), max(last, min(high, bins.bounds[-1]))
    return replace(profile, bins=NumericBins((first, *inner, last)))


def profile_numbers(values: NDArray[np.float64], days: NDArray[np.int64] | None = None) -> Profile:
    """Profile float64 values of shape (n,), NaN meaning missing, over bins of their own.

    `days`, int64 of shape (n,), are days since 1970-01-01; with them the counts by day are kept.
    """
    bins = numeric_bins(values)
    finite = np.isfinite(values)
    missing = int(np.isnan(values).sum())
    made = Profile(bins, bins.count(values[finite]), missing, int((~finite).sum()) - missing)
    if days is None or not len(days):
        return made
    at = np.full(len(values), len(bins))
    at[finite] = np.searchsorted(bins.bounds, values[finite], side="left")
    return replace(made, daily=_by_day(made, at, days))


def profile_categories(
    codes: NDArray[np.int64], names: Sequence[str], days: NDArray[np.int64] | None = None
) -> Profile:
    """Profile a categorical feature: `codes` of shape (n,) index `names`, -1 meaning missing."""
    counted = np.bincount(codes[codes >= 0], minlength=len(names))
    ranked = sorted(range(len(names)), key=lambda one: (-counted[one], names[one]))[:CATEGORIES]
    bins = CategoryBins(tuple(names[one] for one in ranked if counted[one]))
    place = np.full(len(names) + 1, len(bins) - 1)
    place[ranked] = np.minimum(np.arange(len(ranked)), len(bins) - 1)
    place[-1] = len(bins)
    at = place[codes]
    made = Profile(bins, np.bincount(at[codes >= 0], minlength=len(bins)), int((codes < 0).sum()))
    return made if days is None or not len(days) else replace(made, daily=_by_day(made, at, days))


def grouping(profile: Profile, groups: int = GROUPS) -> NDArray[np.int64]:
    """To which of at most `groups` groups of about equal count each inner bin of a reference belongs.

    int64, shape (inner bins,), not decreasing for numbers. Categories keep a group of their own
    while there are groups; the rest share one, and "other" always has the last.
    """
    inner = profile.bins.inner(profile.counts)
    if profile.numeric:
        # A value that many rows share has its group alone, so that what varies beside it stays visible.
        heavy = inner * groups > inner.sum()
        light = np.where(heavy, 0, inner)
        room = max(groups - int(heavy.sum()), 1)
        part = np.minimum((np.cumsum(light) - light / 2) / max(light.sum(), 1) * room, room - 1).astype(np.int64)
        changes = heavy[1:] | heavy[:-1] | (part[1:] != part[:-1])
        return np.concatenate([[0], np.cumsum(changes)])
    named = np.minimum(np.arange(len(inner)), groups - 2)
    named[-1] = named[-2] + 1 if len(inner) > 1 else 0
    return named


def grouped(profile: Profile, groups: NDArray[np.int64]) -> Counts:
    """A profile's counts over groups of its inner bins; int64, shape (number of groups,)."""
    counts = profile.bins.inner(profile.counts)
    return np.bincount(groups, weights=counts, minlength=int(groups.max(initial=0)) + 1).astype(np.int64)


def _by_day(profile: Profile, at: NDArray[np.int64], days: NDArray[np.int64]) -> Daily:
    """Counts by day of the bins at which each row was found; `at` is len(bins) for what has none."""
    groups = grouping(profile)
    bins = len(profile.bins)
    group_of = np.full(bins + 1, groups.max(initial=0) + 1)
    if profile.numeric and bins > 1:
        group_of[:bins] = np.concatenate([groups[[0, 0]], groups, groups[[-1, -1]]])
    else:
        group_of[:bins] = groups
    first = max(int(days.min()), int(days.max()) - DAYS + 1)
    kept = days >= first
    width = int(group_of.max()) + 1
    span = int(days.max()) - first + 1
    flat = (days[kept] - first) * width + group_of[at[kept]]
    return Daily(_EPOCH + timedelta(days=first), np.bincount(flat, minlength=span * width).reshape(span, width))


def profile_to_json(profiles: Mapping[str, Profile]) -> dict[str, Any]:
    """Profiles by feature as JSON types."""
    return {name: _to_json(one) for name, one in profiles.items()}


def _to_json(one: Profile) -> dict[str, Any]:
    numeric = isinstance(one.bins, NumericBins)
    return {
        "kind": "numeric" if numeric else "categorical",
        "bins": list(one.bins.edges if isinstance(one.bins, NumericBins) else one.bins.categories),
        "counts": one.counts.tolist(),
        "missing": one.missing,
        "non_finite": one.non_finite,
        "daily": one.daily and {"first": one.daily.first.isoformat(), "counts": one.daily.counts.tolist()},
    }


def profile_from_json(wire: Mapping[str, Mapping[str, Any]]) -> dict[str, Profile]:
    """The profiles that :func:`profile_to_json` wrote."""
    return {name: _from_json(one) for name, one in wire.items()}


def _from_json(one: Mapping[str, Any]) -> Profile:
    daily = one["daily"]
    return Profile(
        bins=(NumericBins if one["kind"] == "numeric" else CategoryBins)(tuple(one["bins"])),
        counts=np.array(one["counts"], dtype=np.int64),
        missing=one["missing"],
        non_finite=one["non_finite"],
        daily=daily and Daily(date.fromisoformat(daily["first"]), np.array(daily["counts"], dtype=np.int64)),
    )
