"""The language that kernels are written in: decorators, vectors, random numbers, pointers.

`pipeline` and `memo` are the only modules that lean on private interfaces of numba, and
`compilers` does without them where they fail. Knows nothing of light.
"""
