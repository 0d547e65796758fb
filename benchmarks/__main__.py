"""Run every benchmark."""

from benchmarks import imports, quality

imports.main()
quality.main()
