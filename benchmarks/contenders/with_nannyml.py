"""NannyML: both files into pandas, its univariate calculator with K-S and chi-square (it knows no PSI)."""

import sys
import time

import nannyml
import pandas as pd

begun = time.perf_counter()

window, reference = (pd.read_parquet(path).drop(columns="at") for path in sys.argv[1:])
calculator = nannyml.UnivariateDriftCalculator(
    column_names=list(window),
    continuous_methods=["kolmogorov_smirnov"],
    categorical_methods=["chi2"],
    chunk_number=1,
)
found = calculator.fit(reference).calculate(window).filter(period="analysis").to_df()
print(int(found.xs("alert", axis=1, level=2).to_numpy().sum()), "features")
print(time.perf_counter() - begun)
