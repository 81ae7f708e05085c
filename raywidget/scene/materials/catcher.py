"""Ground that is not seen itself, for pictures that are laid over others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from raywidget.scene.materials.materials import Material
from raywidget.scene.textures.textures import Texture, color_or_texture
from raywidget.scene.values import checks
from raywidget.scene.values.checks import ColorLike


@dataclass(frozen=True, eq=False, repr=False)
class ShadowCatcher(Material):
    """Ground that shows only the light it lacks: the shadows of other things, and nothing else.

    To the camera it is what is behind everything, darker where things keep light away: with
    ``alpha=True`` it is black, and covers by the share of the light from lamps and environment that
    is missing; else the background, or the environment, is seen through it, by what is left. Laid
    over a photograph, or whatever a ground looks like, its shadows are those that the ground would
    have. Light that was scattered before is not asked for, and things below the ground are hidden
    by it. Mirrors, glass and the light that it scatters back know it as a matte surface of `color`.

    Parameters
    ----------
    color : colour or Texture
        What other things see of it, and are lit by: linear RGB in [0, 1], one number for a grey, or
        a texture. Best that of the ground which it stands for.
    reflection : float
        The share of light, seen straight on, that a coat on it mirrors, in [0, 1]; seen at an angle
        it is more, by Schlick's Fresnel term. 0.04 is a wet or a lacquered floor, 0 has no coat.
        Only other things are seen in it, laid over the shadows.
    roughness : float
        Of the coat, in [0, 1]; the width of the GGX distribution is alpha = roughness^2.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> floor = rw.Disk((0, 0, 0), (0, 1, 0), 9, material=rw.ShadowCatcher(0.4, reflection=0.04))
    >>> floor.material
    ShadowCatcher(color=(0.4, 0.4, 0.4), reflection=0.04)
    """

    color: ColorLike | Texture = (0.5, 0.5, 0.5)
    reflection: float = field(default=0.0, kw_only=True)
    roughness: float = field(default=0.0, kw_only=True)
    emission: ColorLike | Texture | None = field(init=False, default=None)
    normal_map: Texture | None = field(init=False, default=None)
    normal_scale: float = field(init=False, default=1.0)
    is_whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            color=color_or_texture(self, "color", self.color),
            reflection=checks.unit_interval(self, "reflection", self.reflection),
            roughness=checks.unit_interval(self, "roughness", self.roughness),
        )
