"""Pictures that come at once: coarse ones while the camera moves, sketches while kernels compile.

May use `renderer` and `film`.
"""
