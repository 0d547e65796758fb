"""Has the champion served for too long?"""

from __future__ import annotations

from datetime import datetime

from retrain_plugin.decide.verdict import Verdict
from retrain_plugin.declare.trigger import MaxAge


def judge_age(trigger: MaxAge, promoted_as_of: datetime, as_of: datetime) -> Verdict:
    """What max age says of a champion that has served since a moment; the statistic is in days."""
    age = as_of - promoted_as_of
    days, limit = age.total_seconds() / 86_400, trigger.limit.total_seconds() / 86_400
    return Verdict(
        trigger.label,
        "fired" if age >= trigger.limit else "quiet",
        f"the champion has served for {days:.1f} days, at most {limit:g} are allowed",
        statistic=days,
        threshold=limit,
        smallest_shift=limit,
    )
