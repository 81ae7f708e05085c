"""Where surfaces are: simple and round shapes, meshes and their copies, many shapes from arrays.

May use `values`, `textures` and `materials`.
"""
