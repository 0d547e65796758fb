"""What people want to know of a model at a glance, read from the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from retrain_plugin.declare.metric import metric_named
from retrain_plugin.registry.connect import version_url
from retrain_plugin.registry.intervene import paused
from retrain_plugin.registry.record import Decided, decided, decisions
from retrain_plugin.registry.version import TAG, Version, champions, last

# Enough of the newest to tell how things stand; the rest is a page away.
_RECENT, _FITS = 20, 100
_SPENT = timedelta(days=30)
_VERDICT = "verdict."
# Between a drift trigger's name and that of a feature, in metrics.
_OF_LIMIT = ".of_limit/"
# Whose scores the gates measure, as the names of metrics begin.
_WHOSE = ("champion", "challenger", "fresh", "memory")


@dataclass(frozen=True)
class Score:
    """A metric's value with its interval where there is one, and when it was measured."""

    metric: str
    value: float
    low: float | None
    high: float | None
    as_of: datetime


@dataclass(frozen=True)
class Step:
    """One piece of work in a line: a check, a retrain, an update or a drill.

    Parameters:
        outcome: ``promoted``, ``refused``, ``withheld``, ``kept``, ``held``, ``passed``, ``failed`` or ``open``.
        verdicts: state by trigger.
        fired: triggers that fired.
        scores: of champion, challenger, newest rows and memory set, where judged; each value, low, high.
        drift: by feature, the statistic of the trigger that saw most, as a multiple of its limit.
        cost_seconds: of fitting.
    """

    run_id: str
    as_of: datetime
    dag_id: str
    dag_run_id: str
    strategy: str
    decision: str
    outcome: str
    reason: str
    asked_by: str
    asked_for: str
    version: int | None
    verdicts: Mapping[str, str]
    fired: list[str]
    scores: Mapping[str, tuple[float, float | None, float | None]]
    drift: Mapping[str, float]
    cost_seconds: float
    rows: int | None
    dag_run_url: str | None
    mlflow_url: str | None
    version_url: str | None


@dataclass(frozen=True)
class VersionLine:
    """One version: how it was made, when it served, and who said so where it was a person."""

    number: int
    as_of: str
    step: str
    outcome: str
    serving: bool
    served_from: datetime | None
    retired: datetime | None
    parent: str | None
    by: str
    reason: str
    rows: int | None
    rows_new: int | None
    remembered: str
    cost_seconds: float
    url: str | None


@dataclass(frozen=True)
class Overview:
    """One model at a glance.

    Parameters:
        age_seconds: since the champion was promoted for.
        data_age_seconds: since the newest row it was trained on.
        promoted_score, score_now: its score when it was judged and the newest measured since.
        health: what a person should look at, in words; empty where all is well.
        retrains, compute_seconds: fits and their seconds in the last 30 days; of the newest 100 fits where there were
            more, which `at_least` says.
    """

    model: str
    metric: str
    greater_is_better: bool
    champion: int | None
    champion_url: str | None
    age_seconds: float | None
    data_age_seconds: float | None
    promoted_score: Score | None
    score_now: Score | None
    last: Step | None
    health: list[str]
    paused: str
    retrains: int
    compute_seconds: float
    at_least: bool


def overview(model: str, history: list[Version], *, now: datetime | None = None) -> Overview:
    """How a model stands; `history` are its versions.

    Raises:
        RegistryError: MLflow does not answer.
    """
    now = now or datetime.now(timezone.utc)
    serving = last(champions(history))
    recent = decisions(model, most=_RECENT)[0]
    fits, more = decisions(model, most=_FITS, where=f"tags.`{TAG}cost_seconds` != ''")
    lately = [one for one in fits if one.as_of > now - _SPENT]
    frozen = paused(model)
    declared = next((one.params["metric"] for one in recent if "metric" in one.params), "")
    judged_by = metric_named(declared) if declared else None
    metric = judged_by.name if judged_by else ""
    promoted = _promoted_score(model, serving, metric)
    through = serving.trained_through if serving else None
    since = serving.promoted_as_of if serving else None
    work = [one for one in recent if one.tags.get("strategy") != "selftest"]
    return Overview(
        model=model,
        metric=metric,
        greater_is_better=judged_by is None or judged_by.greater_is_better,
        champion=serving.number if serving else None,
        champion_url=version_url(model, serving.number) if serving else None,
        age_seconds=(now - since).total_seconds() if since else None,
        data_age_seconds=(now - through).total_seconds() if through else None,
        promoted_score=promoted,
        score_now=_score_now(work, serving, metric),
        last=next((step(one) for one in work if one.outcome != "open"), None),
        health=_health(recent, work),
        paused=str(frozen) if frozen else "",
        retrains=len(lately),
        compute_seconds=sum(one.cost_seconds for one in lately),
        at_least=more is not None and len(lately) == len(fits),
    )


def step(one: Decided) -> Step:
    """A piece of work as a line of the history."""
    told = one.tags
    version = told.get("version") if told.get("outcome") not in ("kept", "held") else None
    verdicts = {name.removeprefix(_VERDICT): state for name, state in told.items() if name.startswith(_VERDICT)}
    return Step(
        run_id=one.run_id,
        as_of=one.as_of,
        dag_id=told.get("dag_id", ""),
        dag_run_id=told.get("dag_run_id", ""),
        strategy=told.get("strategy", ""),
        decision=told.get("decision", ""),
        outcome=one.outcome,
        reason=one.reason,
        asked_by=told.get("asked_by", ""),
        asked_for=told.get("asked_for") or told.get("asked_because", ""),
        version=int(version) if version else None,
        verdicts=verdicts,
        fired=[name for name, state in verdicts.items() if state == "fired"],
        scores=_scores(one.metrics, verdicts),
        drift=_drift(one.metrics),
        cost_seconds=one.cost_seconds,
        rows=int(told["rows"]) if told.get("rows", "").isdigit() else None,
        dag_run_url=told.get("dag_run_url"),
        mlflow_url=one.url,
        version_url=version_url(told["model"], int(version)) if version else None,
    )


def version_line(one: Version, serving: Version | None) -> VersionLine:
    """A version as a line of the lineage."""
    told = one.tags
    return VersionLine(
        number=one.number,
        as_of=told.get("as_of", ""),
        step=told.get("step") or told.get("strategy", ""),
        outcome=told.get("outcome", ""),
        serving=serving is not None and serving.number == one.number,
        served_from=one.promoted_as_of,
        retired=one.retired_as_of,
        parent=told.get("parent_version"),
        by=told.get("retired_by") or told.get("promoted_by", ""),
        reason=told.get("retired_because") or told.get("promoted_because") or told.get("reason", ""),
        rows=_whole(told.get("rows")),
        rows_new=_whole(told.get("rows_new")),
        remembered=told.get("remembered", ""),
        cost_seconds=float(told.get("cost_seconds", 0)),
        url=version_url(one.model, one.number),
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text else None


def _promoted_score(model: str, serving: Version | None, metric: str) -> Score | None:
    """The champion's score on its holdout, or that of an update on its newest rows, or else on the memory set."""
    if serving is None or not metric:
        return None
    run = decided(model, serving.run_id)
    for name in (metric, f"challenger_{metric}", f"fresh_{metric}", f"memory_{metric}"):
        if name in run.metrics:
            return Score(metric, run.metrics[name], run.metrics.get(f"{name}_low"), run.metrics.get(f"{name}_high"),
                         run.as_of)  # fmt: skip
    return None


def _score_now(work: Iterable[Decided], serving: Version | None, metric: str) -> Score | None:
    """The champion's newest score on rows it has not learnt: as decay, a gate or an update measured it."""
    if serving is None:
        return None
    judged = f"champion_{metric}"
    for one in work:
        if one.tags.get("against") == serving.name:
            for trigger, found in _decays(one.metrics).items():
                if metric in trigger:
                    return Score(metric, found[0], found[1], found[2], one.as_of)
        if one.tags.get("judged_against") == serving.name and judged in one.metrics:
            low, high = (one.metrics.get(f"{judged}_{end}") for end in ("low", "high"))
            return Score(metric, one.metrics[judged], low, high, one.as_of)
    return None


def _decays(metrics: Mapping[str, float]) -> dict[str, tuple[float, float | None, float | None]]:
    """The scores that decay triggers measured, by trigger."""
    return {
        name.removesuffix(".value"): (value, metrics.get(f"{name[:-6]}.low"), metrics.get(f"{name[:-6]}.high"))
        for name, value in metrics.items()
        if name.endswith(".value")
    }


def _scores(
    metrics: Mapping[str, float], verdicts: Mapping[str, str]
) -> dict[str, tuple[float, float | None, float | None]]:
    """Whose scores were measured, each with its interval."""
    found: dict[str, tuple[float, float | None, float | None]] = {}
    for trigger, seen in _decays(metrics).items():
        if trigger in verdicts:
            found["champion"] = seen
    alone: tuple[float, float | None, float | None] | None = None
    for name, value in metrics.items():
        if "/" in name or name.endswith(("_low", "_high", "_gain")):
            continue
        seen = (value, metrics.get(f"{name}_low"), metrics.get(f"{name}_high"))
        whose = name.partition("_")[0]
        if whose in _WHOSE:
            found.setdefault(whose, seen)
        elif f"{name}_low" in metrics and name != "gain":
            alone = seen
    # The first challenger has nobody beside it, and its score the metric's own name.
    return found if alone is None else {"challenger": alone, **found}


def _drift(metrics: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in metrics.items():
        before, nearer, feature = name.partition(_OF_LIMIT)
        if before and nearer:
            found[feature] = max(found.get(feature, 0.0), value)
    return found


def _health(recent: list[Decided], work: list[Decided]) -> list[str]:
    """What a person should look at."""
    found = []
    newest: dict[str, Decided] = {}
    for one in reversed(work):
        newest[one.tags.get("dag_id", "")] = one
    for dag_id, one in sorted(newest.items()):
        if one.outcome == "failed":
            found.append(f"{dag_id} failed: {one.reason}")
        elif one.outcome == "held":
            found.append(f"{dag_id} holds the data: {one.reason}")
        for name, state in sorted(one.tags.items()):
            if name.startswith(_VERDICT) and state == "error":
                found.append(f"{name.removeprefix(_VERDICT)} of {dag_id} could not be asked")
            elif name.startswith("blind.") and state == "1" and one.tags.get(f"{_VERDICT}{name[6:]}") != "error":
                found.append(f"{name[6:]} of {dag_id} is blind")
    drill = next((one for one in recent if one.tags.get("strategy") == "selftest"), None)
    if drill is not None and drill.outcome == "failed":
        found.append(f"the fire drill failed: {drill.reason}")
    return found
