"""What MLflow's own pages say of an experiment, a model and a version of ours."""

from __future__ import annotations

from collections.abc import Mapping

EXPERIMENT = """\
One run for each check, retrain, update or fire drill of this model; its **report.html** says what was asked, what was \
seen and what was decided.

- `retrain.as_of`: the moment it was decided for; charts have metrics at that time.
- `retrain.decision`, `retrain.outcome`, `retrain.reason`: what was decided, what came of it, and why.
- `retrain.verdict.<trigger>`: `fired`, `quiet`, `insufficient` or `error`.
- `retrain.failed`: why it failed, where it did. `retrain.superseded_by`: it was done anew by that run.
- Metrics: the model's own metric with `_low` and `_high`; `challenger_…`, `champion_…` and `gain` on the rows that \
neither was trained on; `fresh_…` and `memory_…` of updates; `<trigger>` with its `.limit`, and `<trigger>/<feature>`.
"""

MODEL = """\
The alias **champion** serves, **previous** is who a rollback returns to, **challenger** is under judgement. Aliases \
follow from the versions' tags, which alone decide.

- `retrain.promoted_as_of`: since when a version serves; `retrain.retired_as_of`: since when it was taken back.
- `retrain.trained_from`, `retrain.trained_through`: the event times of the rows it was trained on.
- `retrain.parent_version`: whom it was judged against, or whose weights it started from.
- `retrain.cost_seconds`, `retrain.rows`, `retrain.reason`: what it cost, and why it serves or does not.
"""

_CARD = (
    ("made by", "step"),
    ("strategy", "strategy"),
    ("as of", "as_of"),
    ("DAG run", "dag_run_id"),
    ("trained on rows from", "trained_from"),
    ("trained on rows before", "trained_through"),
    ("rows", "rows"),
    ("of them new", "rows_new"),
    ("remembers", "remembered"),
    ("parent", "parent_version"),
    ("seconds of fitting", "cost_seconds"),
    ("asked for because", "asked_because"),
)


def model_card(tags: Mapping[str, str], about: Mapping[str, str]) -> str:
    """Markdown about one version: the verdict first, then how it was made and from what.

    `tags` are the version's, without their prefix; `about` are its run's params.
    """
    rows = {label: tags.get(name, "") for label, name in _CARD}
    rows |= {name: about.get(name, "") for name in ("features", "target", "estimator", "source", "metric")}
    table = "\n".join(f"| {label} | {_cell(value)} |" for label, value in rows.items() if value)
    return (
        f"**{_cell(tags.get('reason', ''))}**\n\n| | |\n|---|---|\n{table}\n\n"
        "Read it with `mlflow.sklearn.load_model`. It is stored in the skops format, which runs no code. The run's "
        "report.html has the gate with intervals and slices, calibration or residuals, and the data it was checked on."
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:1000]
