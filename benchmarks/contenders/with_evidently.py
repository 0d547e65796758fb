"""Evidently: both files into pandas, its drift preset once with PSI and once with K-S."""

import sys
import time

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

begun = time.perf_counter()

window, reference = (pd.read_parquet(path).drop(columns="at") for path in sys.argv[1:])
for method in ({"method": "psi"}, {"num_method": "ks", "cat_method": "chisquare"}):
    found = Report([DataDriftPreset(**method)]).run(window, reference).dict()
    print(found["metrics"][0]["value"], "drifted columns")
print(time.perf_counter() - begun)
