"""Values that vary over a surface, and the pixels of picture files that they are made of.

May use `values`.
"""
