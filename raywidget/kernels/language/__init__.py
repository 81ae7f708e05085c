"""The language that kernels are written in: decorators, vectors, random numbers, pointers.

`jit` is the only module that touches private interfaces of numba. Knows nothing of light.
"""
