"""What one writes without a tool: both files into pandas, and scipy column by column."""

import sys
import time

import numpy as np
import pandas as pd
from scipy import stats

begun = time.perf_counter()

window, reference = (pd.read_parquet(path).drop(columns="at") for path in sys.argv[1:])
drifted = 0
for name in window:
    if name.startswith("n"):
        moved = stats.ks_2samp(reference[name], window[name], method="asymp").statistic > 0.1
        edges = np.quantile(reference[name], np.linspace(0, 1, 11))[1:-1]
        p, q = (
            np.bincount(np.searchsorted(edges, side[name]), minlength=10) / len(side) for side in (reference, window)
        )
    else:
        table = pd.concat([reference[name].value_counts(), window[name].value_counts()], axis=1).fillna(0)
        moved = stats.chi2_contingency(table.to_numpy()).pvalue < 0.001
        p, q = (table / table.sum()).to_numpy().T
    drifted += moved or ((q - p) * np.log((q + 1e-6) / (p + 1e-6))).sum() > 0.2
print(drifted, "features")
print(time.perf_counter() - begun)
