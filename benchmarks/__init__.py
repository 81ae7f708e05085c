"""Measurements against the peers, side by side: ``make bench``, ``make bench BENCH=traversal``.

Times in tests would only measure the neighbours on a shared machine. Here contenders take turns,
pinned to one core, and what counts is the median of the ratios of each turn's CPU times.
"""
