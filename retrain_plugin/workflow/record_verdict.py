"""How any trigger's verdict gets on record, whatever goes wrong while it is asked."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import numpy as np

from retrain_plugin.decide.verdict import Verdict, failed
from retrain_plugin.errors import RegistryError, RetrainError
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.workflow.job import Job

log = logging.getLogger(__name__)


def asked(job: Job, label: str, say: Callable[[Job, Attempt], Verdict]) -> Attempt:
    """Get a verdict and record it: a buggy trigger must not take the others down, or go unheard."""
    with job.attempt() as current:
        try:
            verdict = say(job, current)
        except RegistryError:
            raise
        except Exception as error:
            # What we say ourselves is clear without a traceback.
            log.error("%s could not be asked", label, exc_info=not isinstance(error, RetrainError))
            verdict = failed(label, error)
        log.log(logging.WARNING if verdict.state in ("fired", "error") else logging.INFO, "%s", verdict)
        record(current, verdict)
        return current


def record(current: Attempt, verdict: Verdict) -> None:
    """A verdict as tags, metrics and an artifact; recording it again is recording it once."""
    name, worst = verdict.trigger, verdict.features[:10]
    numbers = {
        name: verdict.statistic,
        f"{name}.limit": verdict.threshold,
        f"{name}.rows": verdict.rows,
        **{f"{name}.{key}": verdict.details.get(key) for key in ("value", "low", "high", "confidence")},
        # MLflow draws what stands before a slash as a group; and no feature's name can clash with those above.
        **{f"{name}/{_plain(one.feature)}": one.statistic for one in worst},
        # Each feature has a limit of its own, so only this says which of them is nearest to it.
        **{f"{name}.of_limit/{_plain(one.feature)}": one.statistic / one.limit for one in worst if one.limit},
    }
    current.record(
        tags={
            f"verdict.{name}": verdict.state,
            f"blind.{name}": str(int(verdict.blind)),
            f"exceeded.{name}": str(int(bool(verdict.details.get("exceeded")))),
        },
        metrics={key: float(value) for key, value in numbers.items() if value is not None and np.isfinite(value)},
        artifacts={f"verdicts/{name}.json": verdict.to_json()},
    )


def no_champion(label: str) -> Verdict:
    """What any trigger says as long as nothing serves."""
    return Verdict(label, "insufficient", "there is no champion yet to compare with")


def _plain(feature: str) -> str:
    """A feature's name as MLflow takes it in a metric's."""
    return re.sub(r"[^\w./ -]", "_", feature)
