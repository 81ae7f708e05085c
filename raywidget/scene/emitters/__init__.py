"""Light that comes from no surface: points, spots, directions and environments.

May use `values` and `textures`.
"""
