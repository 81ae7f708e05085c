"""The entries: whole paths of light, tile by tile.

Start reading at `path.render_path`. May use all rooms of the kernels.
"""
