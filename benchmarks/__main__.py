"""Run every benchmark."""

from benchmarks import backfill, drift, faults, imports, quality, workers

imports.main()
drift.main()
faults.main()
backfill.main()
workers.main()
quality.main()
