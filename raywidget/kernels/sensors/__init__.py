"""The camera's side of light: rays that leave it, the film's filter, and what it sees of a point.

May use `language` and `layout`.
"""
