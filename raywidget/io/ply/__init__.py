"""PLY files (Stanford's polygon format): meshes, strips and clouds of points.

After Turk's description (1994): text and both orders of bytes, any elements and properties. What is
not known by its name is passed over; what a `header` promises is held against the file's size as
`bodies` are read. `reader` makes triangles or points of them.
"""

from raywidget.io.ply.reader import read, read_pieces

__all__ = ["read", "read_pieces"]
