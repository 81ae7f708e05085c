"""Description -> tables: the only gate to the kernels.

`compile_scene` packs, casts and builds; it checks nothing, since every value was checked when the
user wrote it. Nothing behind it checks either.
"""

from raywidget.compiler.compiled import compile_camera, compile_scene, compile_with_trees
from raywidget.compiler.media import needs_volpath
from raywidget.compiler.trees import Trees

__all__ = ["Trees", "compile_camera", "compile_scene", "compile_with_trees", "needs_volpath"]
