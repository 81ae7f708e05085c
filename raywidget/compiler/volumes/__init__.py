"""Volumes -> their grids in memory, blocks, transfer functions: rows > bounds > storage.

`storage` brings numbers into the form in which kernels read them, `bounds` finds what is the least
and the most in each block, `rows` puts it all into tables. May use kernels' layout and the scene.
"""
