"""Cramér's V between two sets of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cramers_v(reference: NDArray[Any], window: NDArray[Any]) -> NDArray[np.float64]:
    """How strongly categories depend on which side they are from, 0 to 1 (Cramér 1946).

    Of the shares, each side weighted alike: ``sqrt(sum((p - q)**2 / (p + q)) / 2)``. So it does
    not shrink where one side has many times the rows of the other, and for equal numbers of rows
    is the usual V. Over the last axis; both arguments broadcast; 0 where a side is empty.
    """
    ours, theirs = np.asarray(reference, dtype=np.float64), np.asarray(window, dtype=np.float64)
    n, m = ours.sum(axis=-1, keepdims=True), theirs.sum(axis=-1, keepdims=True)
    p, q = ours / np.where(n > 0, n, 1.0), theirs / np.where(m > 0, m, 1.0)
    both = p + q
    value: NDArray[np.float64] = np.sqrt(((p - q) ** 2 / np.where(both > 0, both, 1.0)).sum(axis=-1) / 2)
    return np.where((n[..., 0] > 0) & (m[..., 0] > 0), value, 0.0)
