"""Description -> tables: the only gate to the kernels.

`compile_scene` packs, casts and builds; it checks nothing, since every value was checked when the
user wrote it. Nothing behind it checks either.
"""

from raywidget.compiler.geometry.placement import Placement, placement_in
from raywidget.compiler.geometry.trees import Trees
from raywidget.compiler.lights.casters import find_casters
from raywidget.compiler.scene_tables import (
    Compiled,
    compile_after,
    compile_camera,
    compile_scene,
    compile_with_trees,
)
from raywidget.compiler.surfaces.media import needs_volpath

__all__ = [
    "Compiled",
    "Placement",
    "Trees",
    "compile_after",
    "compile_camera",
    "compile_scene",
    "compile_with_trees",
    "find_casters",
    "needs_volpath",
    "placement_in",
]
