"""What must be true of a model's rows before anything is trained on them."""

from __future__ import annotations

from dataclasses import dataclass, fields

from retrain_plugin.declare.fields import require_number


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """Limits of the data check. Counts are rows; all else is a share of a window's rows, 0 to 1.

    Beyond a limit is an error: the run stops before training and the champion keeps serving.
    Below it, what was found is recorded as a warning.

    Parameters:
        min_train_rows, min_holdout_rows: labelled rows each window needs.
        max_missing: missing values in one feature.
        max_non_finite: infinite values in one numeric feature.
        max_unlabelled: rows of a window whose label is missing (such rows are dropped).
        max_duplicates: rows equal to an earlier one in every column read.
    """

    min_train_rows: int = 500
    min_holdout_rows: int = 100
    max_missing: float = 0.5
    max_non_finite: float = 0.0
    max_unlabelled: float = 0.5
    max_duplicates: float = 0.2

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name.startswith("min_"):
                require_number(value, field=one.name, least=2, whole=True)
            else:
                require_number(value, field=one.name, most=1)
