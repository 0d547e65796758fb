"""What an estimator says about a set of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Predictions:
    """Predictions for n rows.

    Parameters:
        values: shape (n,): predicted classes, or a regression's float64 values.
        scores: float64; a binary classifier's score of its second class, shape (n,), or one
            column a class, shape (n, k). None for regression.
        classes: shape (k,): the classes in the order of the columns of `scores`.
        probabilities: whether `scores` are probabilities or only a ranking.
    """

    values: NDArray[Any]
    scores: NDArray[np.float64] | None = None
    classes: NDArray[Any] | None = None
    probabilities: bool = False

    def __len__(self) -> int:
        return len(self.values)

    def where(self, rows: NDArray[np.bool_]) -> Predictions:
        """The predictions of some of the rows; `rows` is a boolean mask of shape (n,)."""
        scores = None if self.scores is None else self.scores[rows]
        return Predictions(self.values[rows], scores, self.classes, self.probabilities)

    @property
    def level(self) -> NDArray[np.float64]:
        """One float64 a row that carries what was predicted: the value, or the score; shape (n,) or (n, k)."""
        return self.values.astype(np.float64) if self.scores is None else self.scores

    @property
    def fault(self) -> str | None:
        """Why these predictions cannot be served, in words: not finite, or all the same."""
        level = self.level
        broken = int((~np.isfinite(level)).reshape(len(level), -1).any(axis=1).sum())
        if broken:
            return f"{broken} of {len(level)} predictions are NaN or infinite"
        if len(level) > 1 and bool((level == level[0]).all()):
            return f"all {len(level)} predictions are the same ({np.ravel(level)[0]:.6g})"
        return None
