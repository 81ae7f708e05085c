"""What fills space: absorption, scattering, and the stack of shapes that a path is in.

May use `language` and `layout`.
"""
