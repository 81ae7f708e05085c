"""What happens to light at a surface: lobes, textures, normals that are tilted, veils.

`bsdf` is the door: `eval`, `sample` and `pdf` of every material. May use `geometry`.
"""
