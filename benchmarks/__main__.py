"""Run every benchmark."""

from benchmarks import backfill, imports, quality

imports.main()
backfill.main()
quality.main()
