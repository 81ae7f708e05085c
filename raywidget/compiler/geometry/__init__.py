"""Shapes -> flats, balls, rounds and instances, and the trees over them.

`gathering` takes shapes apart by `shape_rows`, `bvh` builds a binary tree, `wide` gives its nodes
as many children as a vector has lanes, `trees` puts it all together; `brute_force` does without,
for few primitives.
May use `surfaces`, for the rows of materials.
"""
