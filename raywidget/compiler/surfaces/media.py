"""Media -> rows of their table."""

from __future__ import annotations

import numpy as np

from raywidget.errors import SceneError
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, SceneTables
from raywidget.scene.materials.media import HomogeneousMedium

_MOST = 250  # rows: a stack of interiors keeps 8 bits of each


class MediumRows:
    """Gives each medium a row; those of the world and of clear interiors are always there."""

    def __init__(self, world: HomogeneousMedium | None) -> None:
        # By id, which the scene keeps alive, and by whether the camera sees the shape
        self._rows: dict[tuple[int, bool], int] = {}
        self._values: list[F32] = [_pack(world), _pack(None)]
        assert (layout.MEDIUM_WORLD, layout.MEDIUM_CLEAR) == (0, 1)

    def row_of(self, medium: HomogeneousMedium | None, visible: bool = True) -> int:
        """The row for the inside of a shape, which the camera sees or not."""
        if medium is None and visible:
            return layout.MEDIUM_CLEAR
        key = id(medium), visible
        if key not in self._rows:
            if len(self._values) == _MOST:
                raise SceneError(f"at most {_MOST - 2} different media can be in a scene")
            self._rows[key] = len(self._values)
            self._values.append(_pack(medium))
            self._values[-1][layout.MEDIUM_UNSEEN] = not visible
        return self._rows[key]

    def table(self, scale: float) -> F32:
        """See layout; empty where everything is clear. `scale` is that of the tables' lengths."""
        table = np.array(self._values, np.float32)
        coefficients = table[:, layout.MEDIUM_ABSORPTION : layout.MEDIUM_SCATTERING + 3]
        coefficients /= scale
        return table if np.any(coefficients) else table[:0]


def _pack(medium: HomogeneousMedium | None) -> F32:
    values = np.zeros(layout.MEDIUM_SIZE, np.float32)
    if medium is not None:
        values[layout.MEDIUM_ABSORPTION : layout.MEDIUM_ABSORPTION + 3] = medium.absorption
        values[layout.MEDIUM_SCATTERING : layout.MEDIUM_SCATTERING + 3] = medium.scattering
        values[layout.MEDIUM_ANISOTROPY] = medium.anisotropy
    return values


def needs_volpath(tables: SceneTables) -> bool:
    """Is there a volume, a medium that scatters, or a surface that only separates media?"""
    scattering = tables.media[:, layout.MEDIUM_SCATTERING : layout.MEDIUM_SCATTERING + 3]
    return bool(
        len(tables.volumes)
        or np.any(scattering)
        or np.any(tables.material_codes[:, layout.MATERIAL_KIND] == layout.INTERFACE)
    )
