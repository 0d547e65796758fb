"""What can ask for a retrain, and what can forbid it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from retrain_plugin.declare.duration import parse_duration
from retrain_plugin.declare.fields import require_names, require_number, require_text
from retrain_plugin.declare.metric import Metric, metric_named
from retrain_plugin.errors import DeclarationError


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What PSI and KS have in common.

    Parameters:
        alpha: chance of a false alarm a check, over all features together.
        natural: how many times farther from the champion's training rows than any of their own
            windows of that length a feature has to lie.
        min_rows: fewer rows than that say nothing.
        features: those looked at; all of the model's unless given.
        critical: features that fire by themselves, judged alone.
        min_features: how many features have to drift together, where none of them is critical.
        min_importance: leave out features whose share of the champion's permutation importance is less.
        predictions: look at the champion's predictions too, as if they were a feature.
        name: tells triggers of one kind apart.
    """

    alpha: float = 0.05
    natural: float = 1.5
    min_rows: int = 200
    features: tuple[str, ...] = ()
    critical: tuple[str, ...] = ()
    min_features: int = 1
    min_importance: float = 0.0
    predictions: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        require_number(self.alpha, field="alpha", least=1e-9, most=0.5)
        require_number(self.natural, field="natural", least=0)
        require_number(self.min_rows, field="min_rows", least=2, whole=True)
        require_number(self.min_features, field="min_features", least=1, whole=True)
        require_number(self.min_importance, field="min_importance", most=1)
        for one in ("features", "critical"):
            object.__setattr__(self, one, require_names(getattr(self, one), field=one, empty=True))
        if not isinstance(self.predictions, bool):
            raise DeclarationError(f"predictions={self.predictions!r} must be True or False")
        _require_name(self.name)


@dataclass(frozen=True, kw_only=True)
class PSI(Drift):
    """Fires when the population stability index of a feature says that the world has changed.

    That is when the index is at least `threshold`, is not to be explained by chance, also where
    the rows of a day resemble one another, and is beyond what the training rows do by themselves.
    All parameters but `threshold` are those of :class:`Drift`.
    """

    threshold: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number(self.threshold, field="threshold")

    @property
    def label(self) -> str:
        """The trigger's name in ids, tags and metrics."""
        return self.name or "psi"


@dataclass(frozen=True, kw_only=True)
class KS(Drift):
    """Fires when the Kolmogorov-Smirnov distance of a feature says that the world has changed.

    That is when D is at least `min_effect`, its corrected p-value at most `alpha`, and D is beyond
    what the training rows do by themselves. A categorical feature is compared by the chi-square
    test with Cramér's V as its effect. Both end at 1, so where the training rows' own windows go
    farther than half of that, three fifths of the rest of the way are enough. All parameters but `min_effect` are those
    of :class:`Drift`.
    """

    min_effect: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number(self.min_effect, field="min_effect", most=1)

    @property
    def label(self) -> str:
        """The trigger's name in ids, tags and metrics."""
        return self.name or "ks"


@dataclass(frozen=True)
class Decay:
    """Fires when the champion's metric on the newest labelled window has fallen.

    Parameters:
        metric: any metric the gate knows, or a function of your own; which way is worse is known.
        drop: the loss against the champion's own record that is too much, in the metric's unit.
        relative: `drop` is a fraction of that record; always so for metrics on the target's own
            scale, such as RMSE.
        confirm, of: fire only if at least `confirm` of the last `of` checks lost that much.
        confidence: of the interval around the loss, which must exclude zero.
        min_rows, min_positives: fewer labelled rows, or fewer of either class, say nothing.
        window: length of the labelled window; the strategy's unless given.
        predictions: a column with what the serving model said (the score of the second class, or
            the value); without one the champion is asked again.
        resamples: bootstrap resamples behind the interval.
        name: tells triggers of one kind apart.
    """

    metric: str
    drop: float = field(kw_only=True)
    relative: bool = field(default=False, kw_only=True)
    confirm: int = field(default=1, kw_only=True)
    of: int = field(default=0, kw_only=True)
    confidence: float = field(default=0.95, kw_only=True)
    min_rows: int = field(default=200, kw_only=True)
    min_positives: int = field(default=20, kw_only=True)
    window: str = field(default="", kw_only=True)
    predictions: str = field(default="", kw_only=True)
    resamples: int = field(default=400, kw_only=True)
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        metric_named(self.metric)
        require_number(self.drop, field="drop")
        if not isinstance(self.relative, bool):
            raise DeclarationError(f"relative={self.relative!r} must be True or False")
        require_number(self.confirm, field="confirm", least=1, most=100, whole=True)
        require_number(self.of, field="of", most=100, whole=True)
        if self.of and self.of < self.confirm:
            raise DeclarationError(f"of={self.of} must be at least confirm={self.confirm}")
        require_number(self.confidence, field="confidence", least=0.5, most=0.9999)
        require_number(self.min_rows, field="min_rows", least=2, whole=True)
        require_number(self.min_positives, field="min_positives", whole=True)
        require_number(self.resamples, field="resamples", least=50, most=100_000, whole=True)
        if self.window:
            parse_duration(self.window, field="window")
        if self.predictions:
            require_text(self.predictions, field="predictions")
        _require_name(self.name)

    @property
    def judged_by(self) -> Metric:
        """The metric, looked up."""
        return metric_named(self.metric)

    @property
    def label(self) -> str:
        """The trigger's name in ids, tags and metrics."""
        return self.name or f"decay_{self.judged_by.name}"


@dataclass(frozen=True)
class MaxAge:
    """Fires when the champion has served for longer than `age`."""

    age: str
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        parse_duration(self.age, field="age")
        _require_name(self.name)

    @property
    def limit(self) -> timedelta:
        """`age` as a timedelta."""
        return parse_duration(self.age, field="age")

    @property
    def label(self) -> str:
        """The trigger's name in ids, tags and metrics."""
        return self.name or "max_age"


@dataclass(frozen=True, kw_only=True)
class DataFault:
    """Fires when the newest rows break the contract that the training rows set: nothing may be trained on them.

    Each rule but the first and fourth also has to exceed what windows of that length within the
    training rows did by themselves. Shares are of the window's rows.

    Parameters:
        far: numbers beyond the training range by more than a tenth of it.
        missing: how much the share of missing or infinite values may rise.
        single: how much the share of one single value may rise.
        unseen: categories the training rows never had.
        gone: a category that never had a smaller share than this must not all but vanish.
        sudden: how many times farther from the training rows than any window of theirs a feature may lie.
        step: how much of the way from the largest change between two training windows in a row to
            a complete change a feature may go in one step, 0 to 1.
        beside: the same against the training rows, for what lies beside a value that most rows share.
        min_rows: fewer rows than that say nothing.
    """

    far: float = 0.3
    missing: float = 0.2
    single: float = 0.35
    unseen: float = 0.05
    gone: float = 0.02
    sudden: float = 3.0
    step: float = 0.6
    beside: float = 0.5
    min_rows: int = 200
    name: str = ""

    def __post_init__(self) -> None:
        for one in ("far", "missing", "single", "unseen", "gone", "step", "beside"):
            require_number(getattr(self, one), field=one, most=1)
        require_number(self.sudden, field="sudden", least=1)
        require_number(self.min_rows, field="min_rows", least=2, whole=True)
        _require_name(self.name)

    @property
    def label(self) -> str:
        """The trigger's name in ids, tags and metrics."""
        return self.name or "data_fault"


def _require_name(name: str) -> None:
    if name and (not isinstance(name, str) or not name.replace("_", "a").isalnum()):
        raise DeclarationError(f"name={name!r} must consist of letters, digits and '_'")


Trigger = PSI | KS | Decay | MaxAge
