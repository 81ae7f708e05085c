"""Whatever one holds -> a scene worth looking at: framed, lit, on a ground that catches its shadow.

All of it is an ordinary `Scene`, to be edited. May use adapters, and the scene; knows no renderer.
"""
