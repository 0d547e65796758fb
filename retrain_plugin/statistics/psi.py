"""The population stability index."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Added to every group on both sides, so that an empty one counts as half a row and not as infinity.
SMOOTHING = 0.5


def psi(reference: NDArray[Any], window: NDArray[Any]) -> NDArray[np.float64]:
    """The population stability index of counts against a reference's, over the last axis.

    ``sum((q - p) * ln(q / p))`` over the groups, where p and q are the shares of reference and
    window (Siddiqi 2006), each count raised by a half. Both arguments broadcast; 0 where a side
    is empty.

    >>> float(psi(np.array([50, 50]), np.array([50, 50])))
    0.0
    """
    ours, theirs = np.asarray(reference, dtype=np.float64), np.asarray(window, dtype=np.float64)
    p, q = _shares(ours), _shares(theirs)
    value: NDArray[np.float64] = ((q - p) * np.log(q / p)).sum(axis=-1)
    known: NDArray[np.bool_] = (ours.sum(axis=-1) > 0) & (theirs.sum(axis=-1) > 0)
    return np.where(known, value, 0.0)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = counts + SMOOTHING
    shares: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares
