"""Measured, never asserted: `make bench` prints medians and ratios of one run, and writes benchmarks/out/latest.json."""
