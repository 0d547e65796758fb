"""Run every benchmark."""

from benchmarks import backfill, drift, faults, imports, quality

imports.main()
drift.main()
faults.main()
backfill.main()
quality.main()
