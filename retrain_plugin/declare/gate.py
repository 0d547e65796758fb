"""What a challenger has to show before it may serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from retrain_plugin.declare.fields import require_kind, require_names, require_number
from retrain_plugin.declare.metric import metric_named


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The rules of promotion.

    A challenger is promoted when its gain over the champion on the same rows is not negative, the
    lower bound of that gain is above ``-tolerance``, every floor holds, no slice is materially
    worse, and its predictions are finite and not constant. Without a champion, all but the gain
    and the slices is asked.

    Parameters:
        tolerance: how uncertain a gain may be, in the metric's unit; for metrics on the target's
            own scale (RMSE, MAE, log loss) a fraction of the champion's score.
        floors: absolute limits by metric, ``{"roc_auc": 0.6}``: at least that, or at most that
            where less is better.
        slices: categorical features whose every value with `min_slice_rows` rows is judged alone.
        slice_tolerance: the largest loss a slice may show beyond doubt; unit as `tolerance`.
        min_rows: the fewest rows on which champion and challenger are compared.
        confidence: of the intervals, two-sided.
        resamples: bootstrap resamples behind each interval.
        refit_agreement: the least rank correlation between the predictions of a refit and of its
            judged twin on the holdout.
    """

    tolerance: float = 0.01
    floors: Mapping[str, float] = field(default_factory=dict)
    slices: tuple[str, ...] = ()
    slice_tolerance: float = 0.05
    min_rows: int = 200
    min_slice_rows: int = 500
    confidence: float = 0.9
    resamples: int = 400
    refit_agreement: float = 0.3

    def __post_init__(self) -> None:
        require_number(self.tolerance, field="tolerance")
        require_number(self.slice_tolerance, field="slice_tolerance")
        require_number(self.min_rows, field="min_rows", least=2, whole=True)
        require_number(self.min_slice_rows, field="min_slice_rows", least=2, whole=True)
        require_number(self.confidence, field="confidence", least=0.5, most=0.999)
        require_number(self.resamples, field="resamples", least=50, most=100_000, whole=True)
        require_number(self.refit_agreement, field="refit_agreement", least=-1, most=1)
        require_kind(self.floors, Mapping, field="floors")
        for name, value in self.floors.items():
            metric_named(name, field="floors")
            require_number(value, field=f"floors[{name!r}]", least=float("-inf"))
        object.__setattr__(self, "slices", require_names(self.slices, field="slices", empty=True))
