"""Scenes of pbrt-v4: what raywidget can render of them, the rest named in notes.

`tokens` reads words, `parameters` lists of them, `directives` follows the state of the graphics;
`spectra` and `textures` make colours, `surfaces` materials and media, `quadrics`, `subdivision` and
`meshes` triangles; `shapes`, `lights` and `camera` translate what is declared, and `reader.read`
puts it all together. Written against pbrt's public description of its files
(https://pbrt.org/fileformat-v4); the meaning of each number is told in docs/conventions.md.
"""

from raywidget.io.pbrt.reader import read

__all__ = ["read"]
