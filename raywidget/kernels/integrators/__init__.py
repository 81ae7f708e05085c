"""The entries: whole paths of light, tile by tile.

Start reading at `path_tiles.render_path`. May use all rooms of the kernels.
"""
