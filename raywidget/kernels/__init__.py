"""Light transport in numba: what runs for every sample.

Start reading at `integrators.path_tiles.render_path`. `layout` documents every table that
the kernels read; everything below the entry points takes tables, scalars and value types
(`language.vec3.Vec3`, `language.simd`), and returns them: no allocation, no reference counts, no
float64.
"""
