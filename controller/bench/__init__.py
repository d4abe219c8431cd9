"""Benchmarks: the tracker beside its peers on the same samples, in one run."""
