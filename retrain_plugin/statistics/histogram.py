"""Two profiles of one feature side by side, in groups few enough to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retrain_plugin.statistics.profile import Counts, NumericBins, Profile, grouped, grouping


@dataclass(frozen=True)
class Bar:
    """A group of bins: its label, and the share of each profile's rows in it, 0 to 1."""

    label: str
    reference: float
    current: float


def histogram(reference: Profile, current: Profile) -> list[Bar]:
    """Both over groups of the reference's bins, about equally full in it; the last bar is what is missing."""
    groups = grouping(reference)
    labels = [*_labels(reference, groups), "missing"]
    shares = zip(labels, _shares(reference, groups), _shares(current, groups), strict=True)
    return [Bar(*one) for one in shares]


def _shares(profile: Profile, groups: Counts) -> list[float]:
    counts = np.append(grouped(profile, groups), profile.missing + profile.non_finite)
    return list((counts / max(counts.sum(), 1)).tolist())


def _labels(reference: Profile, groups: Counts) -> list[str]:
    count = int(groups.max(initial=0)) + 1
    if isinstance(reference.bins, NumericBins):
        uppers = reference.bins.bounds[2:-1]
        return [f"≤ {uppers[int(np.flatnonzero(groups == one)[-1])]:.4g}" for one in range(count)] if uppers else [""]
    names = [*reference.bins.categories, "other"]
    return [
        names[int(where[0])] if len(where := np.flatnonzero(groups == one)) == 1 else "rest" for one in range(count)
    ]
