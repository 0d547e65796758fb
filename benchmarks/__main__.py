"""Run every benchmark."""

from benchmarks import backfill, continual, drift, faults, imports, page, quality, workers

imports.main()
drift.main()
faults.main()
backfill.main()
workers.main()
page.main()
continual.main([])
quality.main()
