"""A scene, written as glTF 2.0.

`sheaf` gathers bytes and JSON, `maps` writes textures, `paint` materials, `facets` makes triangles
of round things and `placing` says where they stand, `forms` writes shapes, `lamps` cameras and
lights; `writer` puts them together. What glTF can't say is noted.
"""
