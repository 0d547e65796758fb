"""The first step of a check: the newest rows, counted, against the contract of the training rows."""

from __future__ import annotations

from datetime import timezone
from functools import partial

from retrain_plugin.data.profile import profile_window
from retrain_plugin.decide.contract import Fault, faults
from retrain_plugin.decide.verdict import Evidence, Verdict
from retrain_plugin.declare.duration import whole_days
from retrain_plugin.declare.window import Window
from retrain_plugin.registry.accept import accepted
from retrain_plugin.registry.attempt import Attempt, artifact
from retrain_plugin.statistics.profile import Profile, profile_from_json, profile_to_json
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.record_verdict import asked, no_champion
from retrain_plugin.workflow.serving import Serving, earlier, serving


def look(job: Job) -> Attempt:
    """Count the newest rows over the champion's bins and record what the contract says of them."""
    return asked(job, job.triggered.contract.label, _contract)


def counted(job: Job, current: Attempt, champion: Serving) -> dict[str, Profile]:
    """The profile of the newest rows over the champion's bins, counted once a check."""
    if current.tags.get("counted") == champion.name:
        return profile_from_json(current.artifact("window.json"))
    window = profile_window(
        job.model, job.triggered.looked_at(job.as_of), job.as_of, champion.reference, connections=job.connections
    )
    told = {"counted": champion.name, "reference_run": champion.version.full_fit_run_id}
    current.record(tags=told, artifacts={"window.json": profile_to_json(window)})
    return window


def _contract(job: Job, current: Attempt) -> Verdict:
    contract = job.triggered.contract
    champion = serving(job, current)
    if champion is None:
        return no_champion(contract.label)
    # What was counted by an earlier try may have been corrected since.
    current.record(tags={"counted": ""})
    window = counted(job, current, champion)
    rows = max(one.rows for one in window.values())
    looked_at = job.triggered.looked_at(job.as_of)
    if rows < contract.min_rows:
        reason = f"{rows} rows in {looked_at}, at least {contract.min_rows} are needed"
        return Verdict(contract.label, "insufficient", reason, rows=rows, blind=True)
    assert looked_at.start is not None
    judge = partial(
        faults,
        contract,
        champion.reference,
        window,
        days=whole_days(job.triggered.length),
        start=looked_at.start.astimezone(timezone.utc).date(),
    )
    # Only where something looks broken does it matter what was so before.
    found = judge() and judge(whole=_last_whole(job, champion, looked_at))
    right = accepted(job.model.name, job.as_of)
    broken = [one for one in found if (one.feature, one.rule) not in right]
    current.record(tags={"faults": ",".join(f"{one.feature}:{one.rule}" for one in broken)})
    return _verdict(contract.label, rows, broken, found, champion)


def _last_whole(job: Job, champion: Serving, looked_at: Window) -> dict[str, Profile] | None:
    """The newest earlier window, sharing no row with this one, that kept the same champion's contract."""
    contract = job.triggered.contract.label
    for one in reversed(earlier(job).checks):
        kept = one.state(contract) == "quiet" and one.tags.get("counted") == champion.name
        if kept and looked_at.start is not None and one.as_of <= looked_at.start:
            return profile_from_json(artifact(job.model.name, one.run_id, "window.json"))
    return None


def _verdict(label: str, rows: int, broken: list[Fault], found: list[Fault], champion: Serving) -> Verdict:
    lenient = f"; {len(found) - len(broken)} breaches were accepted" if len(found) > len(broken) else ""
    shown = "; ".join(map(str, broken[:5])) + (f"; and {len(broken) - 5} more" if len(broken) > 5 else "")
    features = {one.feature: one for one in reversed(broken)}
    return Verdict(
        label,
        "fired" if broken else "quiet",
        f"{shown}{lenient}" if broken else f"{rows} rows keep the contract of {champion.name}{lenient}",
        statistic=float(len(features)),
        threshold=0.0,
        rows=rows,
        features=tuple(Evidence(one.feature, one.value, one.limit, 0.0, None, True) for one in features.values()),
        details={"faults": [[one.feature, one.rule, one.detail] for one in broken]},
    )
