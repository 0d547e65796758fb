"""Ours: the window counted by the engine over the bins of a stored profile, then both verdicts."""

import json
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from retrain_plugin import KS, PSI, Model, Parquet
from retrain_plugin.data.profile import profile_window
from retrain_plugin.decide.drift import judge_drift
from retrain_plugin.declare.window import Window
from retrain_plugin.statistics.profile import profile_from_json

begun = time.perf_counter()

window, profile = sys.argv[1:]
reference = profile_from_json(json.loads(Path(profile).read_text()))
model = Model(
    name="wide",
    source=Parquet(window, event_time="at"),
    features=list(reference),
    target="y",
    estimator="none:needed",
    metric="roc_auc",
)
week = Window(datetime(2024, 3, 1, tzinfo=timezone.utc), datetime(2024, 3, 8, tzinfo=timezone.utc))
counted = profile_window(model, week, week.end, reference)
for trigger in (PSI(), KS()):
    verdict = judge_drift(trigger, reference, counted, days=7)
    print(verdict.state, sum(one.changed for one in verdict.features), "features")
print(time.perf_counter() - begun)
