"""Threads and accumulation: what is rendered next, by whom, and what comes with its end.

`session` is the door. May use `renderer`, `film` and `preview`.
"""
