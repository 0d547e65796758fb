"""Has the world changed? The newest rows against those the champion learnt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from retrain_plugin.decide.verdict import Evidence, Verdict
from retrain_plugin.declare.trigger import KS, PSI
from retrain_plugin.statistics.cramer import cramers_v
from retrain_plugin.statistics.homogeneity import homogeneity
from retrain_plugin.statistics.kolmogorov_smirnov import ks, ks_critical, ks_probability
from retrain_plugin.statistics.natural import Statistic, natural_variation
from retrain_plugin.statistics.profile import Counts, Daily, Profile, grouped, grouping
from retrain_plugin.statistics.psi import psi

# The champion's predictions among the features of a profile: no column can be called that.
PREDICTION = "(prediction)"
# PSI is known for about ten groups; more would make rare values weigh too much.
_PSI_GROUPS = 10
_REST_OF_THE_WAY = 0.6

Measure = Callable[[Profile, Profile, int, float], Evidence]


def judge_drift(
    trigger: PSI | KS,
    reference: Mapping[str, Profile],
    window: Mapping[str, Profile],
    *,
    days: int,
    importance: Mapping[str, float] | None = None,
) -> Verdict:
    """What a drift trigger says of a window of `days` days.

    Both profiles are over the reference's bins. `importance` holds each feature's share of the
    champion's, and is needed where the trigger asks for a least one.
    """
    looked_at = _chosen(trigger, reference, importance)
    if not looked_at:
        return Verdict(trigger.label, "error", "none of its features is known to the champion", blind=True)
    rows = max(window[name].rows for name in looked_at)
    if rows < trigger.min_rows:
        return Verdict(
            trigger.label, "insufficient", f"{rows} rows in the window, at least {trigger.min_rows} are needed",
            rows=rows, blind=True,
        )  # fmt: skip
    # Bonferroni's level is where the correction below is strictest: what lies beyond it is seen for certain.
    level = trigger.alpha / len(looked_at)
    measure = _psi_of if isinstance(trigger, PSI) else _ks_of
    measured = [replace(measure(reference[name], window[name], days, level), feature=name) for name in looked_at]
    corrected = false_discovery_control([one.probability for one in measured])
    evidence = [_judged(trigger, one, float(p)) for one, p in zip(measured, corrected, strict=True)]
    evidence.sort(key=lambda one: (-one.changed, -one.statistic / max(one.limit, 1e-12)))
    return _verdict(trigger, evidence, rows)


def _chosen(trigger: PSI | KS, reference: Mapping[str, Profile], importance: Mapping[str, float] | None) -> list[str]:
    wanted = [*(trigger.features or [name for name in reference if name != PREDICTION]), *trigger.critical]
    if trigger.min_importance and importance is not None:
        wanted = [
            name for name in wanted if importance.get(name, 1.0) >= trigger.min_importance or name in trigger.critical
        ]
    if trigger.predictions:
        wanted.append(PREDICTION)
    return [name for name in dict.fromkeys(wanted) if name in reference]


def _judged(trigger: PSI | KS, one: Evidence, corrected: float) -> Evidence:
    least = trigger.threshold if isinstance(trigger, PSI) else trigger.min_effect
    beyond = 0.0 if one.natural is None else trigger.natural * one.natural
    if isinstance(trigger, KS) and one.natural is not None:
        # D and V end at 1: where windows go far by themselves, most of the rest of the way is enough.
        beyond = min(beyond, one.natural + _REST_OF_THE_WAY * (1 - one.natural))
    # A critical feature is judged as if it were the only one.
    probability = one.probability if one.feature in trigger.critical else corrected
    changed = one.statistic >= least and one.statistic > beyond and probability <= trigger.alpha
    return replace(one, limit=max(least, beyond, one.limit), probability=probability, changed=changed)


def _verdict(trigger: PSI | KS, evidence: list[Evidence], rows: int) -> Verdict:
    changed = [one for one in evidence if one.changed]
    fired = len(changed) >= trigger.min_features or any(one.feature in trigger.critical for one in changed)
    word = "PSI" if isinstance(trigger, PSI) else "D or V"
    worst, limits = evidence[0], [one.limit for one in evidence]
    if changed:
        shown = ", ".join(f"{one.feature} {one.statistic:.3f} (limit {one.limit:.3f})" for one in changed[:5])
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        short = "" if fired else f"; {trigger.min_features} features are needed"
        reason = f"{word} of {shown}{more} over {rows} rows{short}"
    else:
        steady = min(evidence, key=lambda one: one.limit)
        reason = (
            f"{word} of {worst.feature}, the worst of {len(evidence)}, is {worst.statistic:.3f} (limit "
            f"{worst.limit:.3f}) over {rows} rows; seen would have been {steady.limit:.3f} in {steady.feature} "
            f"and {max(limits):.3f} in any"
        )
    return Verdict(
        trigger.label,
        "fired" if fired else "quiet",
        reason,
        statistic=worst.statistic,
        threshold=worst.limit,
        rows=rows,
        smallest_shift=min(limits),
        features=tuple(evidence),
    )


def _psi_of(reference: Profile, window: Profile, days: int, level: float) -> Evidence:
    groups = grouping(reference)
    fold = _fold(grouped(reference, groups)) if reference.numeric else np.arange(int(groups.max(initial=0)) + 1)
    # Missing values are a group of their own.
    fold = np.append(fold, fold.max(initial=-1) + 1)
    ours = _folded(np.append(grouped(reference, groups), reference.missing + reference.non_finite), fold)
    theirs = _folded(np.append(grouped(window, groups), window.missing + window.non_finite), fold)
    daily = None if reference.daily is None else Daily(reference.daily.first, _folded(reference.daily.counts, fold))
    value = float(psi(ours, theirs))
    scale = 1 / max(ours.sum(), 1) + 1 / max(theirs.sum(), 1)
    # PSI over this scale follows the chi-square law too (Yurdakul 2018), but few rows give it the
    # heavier tail, and many empty groups the lighter one: the smaller of the two statistics counts.
    tested = homogeneity(
        ours, theirs, daily=None if daily is None else daily.counts, days=days, level=level, at_most=value / scale
    )
    return Evidence(
        "", value, max(tested.critical * scale, 0.0) if np.isfinite(tested.critical) else 0.0, tested.probability,
        natural_variation(daily, days, psi), False,
    )  # fmt: skip


def _ks_of(reference: Profile, window: Profile, days: int, level: float) -> Evidence:
    groups = grouping(reference)
    ours, theirs = grouped(reference, groups), grouped(window, groups)
    daily = None if reference.daily is None else Daily(reference.daily.first, reference.daily.counts[:, :-1])
    tested = homogeneity(ours, theirs, daily=None if daily is None else daily.counts, days=days, level=level)
    natural = partial(natural_variation, daily, days)
    if not reference.numeric:
        balanced = float(cramers_v(ours, theirs))
        # The critical statistic as an effect, by the ratio of the one to the other here.
        least = balanced * np.sqrt(tested.critical / tested.statistic) if tested.statistic > 0 else 0.0
        return Evidence("", balanced, float(least), tested.probability, natural(cramers_v), False)
    fine = [profile.bins.inner(profile.counts) for profile in (reference, window)]
    value = float(ks(*fine))
    rows = float(ours.sum()) * float(theirs.sum()) / max(float(ours.sum() + theirs.sum()), 1.0) / tested.inflation
    return Evidence("", value, ks_critical(level, rows), ks_probability(value, rows), natural(_ks), False)


_ks: Statistic = ks


def _fold(counts: Counts) -> NDArray[np.int64]:
    """Neighbouring groups put together to at most ten of about equal count."""
    middle = np.cumsum(counts) - counts / 2
    part = (middle / max(counts.sum(), 1) * _PSI_GROUPS).astype(np.int64)
    folded: NDArray[np.int64] = np.unique(part, return_inverse=True)[1].astype(np.int64)
    return folded


def _folded(counts: Counts, fold: NDArray[np.int64]) -> Counts:
    """Counts of shape (..., groups) added up by where `fold` puts each."""
    to = np.zeros((len(fold), int(fold.max()) + 1), dtype=np.int64)
    to[np.arange(len(fold)), fold] = 1
    return counts @ to
