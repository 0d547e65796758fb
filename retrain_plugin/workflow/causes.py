"""What asks for a rebase, as the record, the declaration, the triggers and the new rows say."""

from __future__ import annotations

from retrain_plugin.data.check import schema_changes
from retrain_plugin.data.rows import Rows
from retrain_plugin.decide.decision import holds
from retrain_plugin.decide.rebase import Cause
from retrain_plugin.declare.wire import digest
from retrain_plugin.registry.attempt import Attempt
from retrain_plugin.statistics.profile import CategoryBins
from retrain_plugin.training.estimator import recipe
from retrain_plugin.training.warm import unknown_classes
from retrain_plugin.workflow.decide import verdict_of
from retrain_plugin.workflow.job import Job
from retrain_plugin.workflow.learn import Parent

# A category of fewer of the new rows than that waits for the next rebase.
_OFTEN = 0.01


def lineage(job: Job) -> str:
    """A short name for what has to be the same for weights to be learnt on: columns, estimator, memory set."""
    model = job.model
    return digest(model.features, model.target, model.judged_by.task, job.recipe, job.continual.memory)


def changed(job: Job, parent: Parent) -> bool:
    """Whether the declaration is no longer that of the champion's weights."""
    tags = parent.version.tags
    if "lineage" in tags:
        return tags["lineage"] != lineage(job)
    columns = set(parent.serving.reference) == set(job.model.features)
    return not columns or recipe(parent.estimator) != job.recipe


def causes_at_sight(job: Job, current: Attempt, parent: Parent) -> list[Cause]:
    """What asks for a rebase before a row is read."""
    causes = [Cause("force", "asked for by force")] if job.force else []
    if changed(job, parent):
        why = f"features, target, estimator or memory are not what {parent.name} was trained with"
        causes.append(Cause(f"changed since {parent.name}", why))
    elif "lineage" not in parent.version.tags:
        why = f"{parent.name} was trained by another strategy, also on rows of the memory set"
        causes.append(Cause(f"trained otherwise: {parent.name}", why))
    if (when := job.continual.when) is not None:
        verdicts = {one.label: verdict_of(current, one.label) for one in job.continual.triggers}
        # Broken data are no drift; the update itself looks at what it learns.
        broken = verdict_of(current, job.continual.contract.label).state == "fired"
        if holds(when, verdicts) and not broken:
            fired = [str(one) for one in verdicts.values() if one.state == "fired"]
            causes.append(Cause("trigger", "; ".join(fired)))
    return causes


def causes_in_rows(parent: Parent, new: Rows) -> list[Cause]:
    """What asks for a rebase once the new rows are known: another schema, a class or a category never seen."""
    reference = parent.serving.reference
    if changes := schema_changes(reference, new):
        return [Cause("schema", "; ".join(changes))]
    causes = []
    if classes := unknown_classes(parent.estimator, new.target):
        causes.append(Cause("class", f"the labels have a class never seen before: {', '.join(map(repr, classes))}"))
    for name, one in reference.items():
        if isinstance(one.bins, CategoryBins):
            counted = new.frame[name].value_counts()
            often = counted[counted >= max(2, _OFTEN * len(new))].index
            if unseen := [str(value) for value in often if str(value) not in one.bins.categories]:
                causes.append(Cause("category", f"{name!r} has a value never seen before: {', '.join(unseen[:5])}"))
    return causes
