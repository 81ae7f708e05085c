"""The camera's side of light: rays that leave it, the film's filter, what it sees of a point, and
what is sent of the picture.

May use `language` and `layout`.
"""
