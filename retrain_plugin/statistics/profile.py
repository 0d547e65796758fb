"""The shape of the rows a version was trained on, as counts only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NumericProfile:
    """Counts of one numeric feature.

    `counts[i]` is the number of finite values in ``[edges[i], edges[i + 1])``, the last bin
    closed; the edges are the reference's own quantiles, duplicates merged, so ``edges[0]`` and
    ``edges[-1]`` are its smallest and largest value. Without a finite value both are empty.
    """

    rows: int
    missing: int
    non_finite: int
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class CategoricalProfile:
    """Counts of one categorical feature: its most frequent categories, the rest as `other`."""

    rows: int
    missing: int
    counts: Mapping[str, int]
    other: int


FeatureProfile = NumericProfile | CategoricalProfile


def profile_numbers(values: NDArray[np.float64], *, bins: int = 256) -> NumericProfile:
    """Profile float64 values of shape (n,), NaN meaning missing, over at most `bins` quantile bins."""
    missing = int(np.isnan(values).sum())
    finite = values[np.isfinite(values)]
    edges: NDArray[np.float64] = np.empty(0)
    counts: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    if len(finite):
        edges = np.unique(np.quantile(finite, np.linspace(0, 1, bins + 1), method="inverted_cdf"))
        counts = np.array([len(finite)]) if len(edges) == 1 else np.histogram(finite, edges)[0]
    return NumericProfile(
        rows=len(values),
        missing=missing,
        non_finite=len(values) - missing - len(finite),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
    )


def profile_categories(counted: Mapping[str, int], *, missing: int, most: int = 1000) -> CategoricalProfile:
    """Profile a categorical feature from its counts by category; the `most` frequent keep their names."""
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return CategoricalProfile(
        rows=missing + sum(counted.values()),
        missing=missing,
        counts=dict(ranked[:most]),
        other=sum(count for _, count in ranked[most:]),
    )


def profile_to_json(profile: Mapping[str, FeatureProfile]) -> dict[str, Any]:
    """Profiles by feature as JSON types."""
    return {
        name: {"kind": "numeric" if isinstance(one, NumericProfile) else "categorical", **asdict(one)}
        for name, one in profile.items()
    }


def profile_from_json(wire: Mapping[str, Mapping[str, Any]]) -> dict[str, FeatureProfile]:
    """The profiles that :func:`profile_to_json` wrote."""
    profile: dict[str, FeatureProfile] = {}
    for name, one in wire.items():
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in one.items()}
        kind = values.pop("kind")
        profile[name] = NumericProfile(**values) if kind == "numeric" else CategoricalProfile(**values)
    return profile
