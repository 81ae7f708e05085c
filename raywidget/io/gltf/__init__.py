"""glTF 2.0, read and written: `.gltf` with what lies beside it, and `.glb`.

`document` knows JSON and bytes, `accessors` (with `compression`) arrays, `pictures`, `laid_maps`
and `materials` surfaces, `primitives` and `nodes` what stands where, `sights` cameras and lights;
`reader` puts them together. `writing/` is the way back, and `exact` what raywidget says to itself
beside.
"""

from raywidget.io.gltf.reader import read

__all__ = ["read"]
