"""All that shines -> rows of lights, how they are chosen, and the distribution of an environment.

May use `geometry`, since shapes that emit are lights.
"""
