"""The last step of a check: all verdicts weighed, and the decision put on record."""

from __future__ import annotations

import logging

from retrain_plugin.decide.decision import Decision, History, decide
from retrain_plugin.decide.verdict import Verdict, failed
from retrain_plugin.registry.accept import accepted
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.registry.checks import Past
from retrain_plugin.workflow.check_section import evidence_table
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.report import write_report
from retrain_plugin.workflow.serving import Serving, earlier, serving

log = logging.getLogger(__name__)

_OUTCOME = {"keep": "kept", "hold": "held"}


def decide_on(job: Job) -> tuple[Attempt, Decision]:
    """Weigh what the triggers left on record; a decision to keep or hold concludes the work."""
    with job.attempt() as current:
        champion = serving(job, current)
        labels = [job.triggered.contract.label, *(one.label for one in job.triggered.triggers)]
        verdicts = tuple(verdict_of(current, label) for label in labels)
        history = _history(job, earlier(job), champion, labels)
        decision = decide(job.triggered, verdicts, history, as_of=job.as_of, force=job.force)
        log.log(
            logging.WARNING if decision.action == "hold" else logging.INFO, "%s: %s", decision.action, decision.reason
        )
        # A retrain already begun on the same decision goes on where it was.
        begun = current.tags.get("decision") == decision.action == "retrain" and current.reached("checked")
        current.record(
            stage=None if begun else "decided",
            tags={
                "decision": decision.action,
                "asked_because": decision.reason,
                **({} if begun else {"reason": decision.reason}),
            },
            metrics={"retrain": float(decision.action == "retrain"), "hold": float(decision.action == "hold")},
            artifacts={
                "decision.json": decision.to_json(),
                "evidence.csv": evidence_table(decision),
            },
        )
        if decision.action != "retrain":
            current.conclude(outcome=_OUTCOME[decision.action])
            write_report(current)
        return current, decision


def verdict_of(current: Attempt, label: str) -> Verdict:
    """What a trigger left in this run; nothing means that its task failed."""
    if f"verdict.{label}" not in current.tags:
        return failed(label, "its task left no verdict: see its log")
    return Verdict.from_json(current.artifact(f"verdicts/{label}.json"))


def _history(job: Job, before: Past, champion: Serving | None, labels: list[str]) -> History:
    since = max(before.retrains, default=None)
    unseeing = dict.fromkeys(labels, 0)
    for label in labels:
        for check in reversed(before.checks):
            if not check.blind(label) or check.decision == "retrain" or (since and check.as_of <= since):
                break
            unseeing[label] += 1
    contract = job.triggered.contract.label
    judged = [one for one in before.checks if one.state(contract) in ("fired", "quiet")]
    held = None
    if judged and judged[-1].state(contract) == "fired":
        right = {f"{feature}:{rule}" for feature, rule in accepted(job.model.name, job.as_of)}
        if set(judged[-1].tags.get("faults", "").split(",")) - right:
            held = judged[-1].tags.get("reason", "")
    return History(
        promoted_as_of=champion.version.promoted_as_of if champion else None,
        retrains=before.retrains,
        unseeing=unseeing,
        held=held,
    )
