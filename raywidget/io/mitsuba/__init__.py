"""Scenes of Mitsuba 3, as XML: what raywidget can render of them, the rest named in notes.

`elements` reads XML into a tree of checked elements, `values` makes numbers, colours and matrices
of them, `surfaces`, `shapes` and `lights` translate one kind of element each, and `reader.read`
puts them together. Written against Mitsuba's public description of its file format and plugins
(https://mitsuba.readthedocs.io); the meaning of each number is told in docs/conventions.md.
"""

from raywidget.io.mitsuba.reader import read

__all__ = ["read"]
