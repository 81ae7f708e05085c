"""Rays and surfaces: which primitive a ray meets first, and what is to be known about the point.

May use `language` and `layout`.
"""
