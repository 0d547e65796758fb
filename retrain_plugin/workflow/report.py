"""What a check, a retrain or an update comes to, as one self-contained page among its run's artifacts.

It is made from the record alone, so that it says what is on record and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from html import escape
from typing import Any

from retrain_plugin.decide.decision import Decision
from retrain_plugin.decide.gate import GateReport
from retrain_plugin.errors import RegistryError
from retrain_plugin.registry.attempt import Attempt, artifact
from retrain_plugin.registry.connect import REPORT
from retrain_plugin.statistics.profile import profile_from_json
from retrain_plugin.workflow.check_section import check_section
from retrain_plugin.workflow.gate_section import gate_section
from retrain_plugin.workflow.page import page
from retrain_plugin.workflow.quality_section import quality_section
from retrain_plugin.workflow.update_section import Point, update_section

log = logging.getLogger(__name__)

_TONES = {"promoted": "yes", "kept": "yes", "passed": "yes", "refused": "no", "held": "no", "failed": "no"}
# Of all that was declared, what people look for first.
_FIRST = ("source", "train", "holdout", "metric", "estimator", "when")
_OF_A_FULL_TRAINING = {"train", "holdout"}


def write_report(current: Attempt) -> None:
    """Put the page among the run's artifacts; what goes wrong in drawing it must not undo what it is about.

    Raises:
        RegistryError: MLflow does not answer.
    """
    try:
        drawn = report(current)
    except RegistryError:
        raise
    except Exception:
        log.warning("The report of MLflow run %s could not be drawn", current.run_id, exc_info=True)
        return
    current.record(artifacts={REPORT: drawn})


def report(current: Attempt) -> str:
    """The page as HTML."""
    told, known = current.tags, current.artifacts()
    outcome = told.get("outcome") or told.get("decision", "open")
    parts = [_asked(told, current.params), _seen(current, known)]
    if "decision.json" in known:
        parts.append(_verdicts(current, known))
    if "gate.json" in known:
        found = GateReport.from_json(current.artifact("gate.json"))
        if "updates.json" in known:
            points = [Point.from_json(one) for one in current.artifact("updates.json")["points"]]
            parts.append(update_section(found, points))
        else:
            parts.append(gate_section(found))
    if "quality.json" in known:
        drawn = current.artifact("quality.json")
        parts.append(quality_section(drawn, of=drawn["of"]))
    parts.append(_cost(told, current.metrics))
    title = f"{current.work.model.name} as of {current.work.as_of:%Y-%m-%d %H:%M} UTC"
    return page(
        title, outcome, _TONES.get(outcome, "warn"), told.get("failed") or told.get("reason", ""), "".join(parts)
    )


def _asked(told: Mapping[str, str], params: Mapping[str, str]) -> str:
    """By whom, why, and what was declared."""
    learnt = "learnt_from" in told
    shown = [name for name in _FIRST if not (learnt and name in _OF_A_FULL_TRAINING)]
    because = told.get("asked_for") or told.get("asked_because", "")
    first = {
        "strategy": told.get("strategy", ""),
        "DAG run": f"{told.get('dag_id', '')}, {told.get('dag_run_id', '')}",
        "asked for by": told.get("asked_by", ""),
        # A check that asks for nothing has its reason above.
        "because": because if because != told.get("reason") else "",
        **{name: params.get(name, "") for name in shown},
    }
    rest = {name: value for name, value in sorted(params.items()) if name not in shown}
    return (
        f"<h2>What was asked</h2>{_table(first)}"
        f"<details><summary>All that was declared</summary>{_table(rest)}</details>"
    )


def _seen(current: Attempt, known: set[str]) -> str:
    told = current.tags
    learnt, parent = told.get("learnt_from"), told.get("parent_version")
    seen = {
        "rows": told.get("rows", ""),
        "new rows": told.get("rows_new", ""),
        "replayed rows": told.get("rows_replayed", ""),
        "learnt from rows since" if learnt else "trained on rows from": learnt or told.get("trained_from", ""),
        "and before": told.get("trained_through", ""),
        "judged against": told.get("judged_against") or (f"v{parent}" if parent else ""),
    }
    findings = current.artifact("data_check.json")["findings"] if "data_check.json" in known else []
    tones = {"error": "no", "warning": "warn"}
    rows = "".join(
        f"<tr><td class={tones.get(one['severity'], 'warn')}>{escape(one['severity'])}</td>"
        f"<td>{escape(one['message'])}</td></tr>"
        for one in findings
    )
    checked = f"<table>{rows}</table>" if rows else ""
    return f"<h2>What was seen</h2>{_table(seen)}{checked}" if any(seen.values()) or checked else ""


def _verdicts(current: Attempt, known: set[str]) -> str:
    decision = Decision.from_json(current.artifact("decision.json"))
    reference_run = current.tags.get("reference_run")
    if not reference_run or "window.json" not in known:
        return check_section(decision, {}, {})
    reference = profile_from_json(artifact(current.work.model.name, reference_run, "profile.json"))
    return check_section(decision, reference, profile_from_json(current.artifact("window.json")))


def _cost(told: Mapping[str, str], metrics: Mapping[str, float]) -> str:
    cost = {
        "fitting": f"{float(told['cost_seconds']):.2f} s" if told.get("cost_seconds") else "",
        "peak memory": f"{metrics['peak_memory_mb']:.0f} MB" if "peak_memory_mb" in metrics else "",
    }
    return f"<h2>What it cost</h2>{_table(cost)}" if any(cost.values()) else ""


def _table(values: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in values.items() if value
    )
    return f"<table>{rows}</table>" if rows else ""
