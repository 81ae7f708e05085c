"""USD: stages of Pixar's Universal Scene Description, read by its own library in another process.

`process` asks a second Python (`io/apart`) for what is on a stage. `inside/` is what runs there: it
alone imports `pxr`, opens nothing outside of the file's folder, and tells of prims as they are.
What they are here, `reader` puts together.

USD's library is C++ that is not written for files from anywhere: damaged ones may crash it, and a
few lines may unfold to any size. There it can take neither the kernel nor its memory along.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raywidget.io.parts import SceneParts


def read(path: Path) -> SceneParts:
    """Read a USD file: .usd, .usda, .usdc or .usdz.

    Raises
    ------
    SceneError
        If usd-core is missing, or the file can't be read, is damaged or too large; with file and
        prim.
    """
    from raywidget.io.usd.reader import read_stage  # not needed by the process inside

    return read_stage(path)
