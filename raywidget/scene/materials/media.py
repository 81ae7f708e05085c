"""What fills space: glass that is coloured, water, smoke, fog."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raywidget.scene.values import checks
from raywidget.scene.values.checks import ColorLike
from raywidget.scene.values.described import SceneObject


@dataclass(frozen=True, eq=False, repr=False)
class HomogeneousMedium(SceneObject):
    """A medium that absorbs and scatters light alike everywhere in it.

    Of light that goes a distance t, the share exp(-(absorption + scattering) t) gets through
    (Beer-Lambert). It fills closed shapes, as the `interior` of a `Dielectric` or an `Interface`,
    or the whole world, as `Scene.medium`.

    Parameters
    ----------
    absorption : colour
        How much is absorbed per scene unit, >= 0: linear RGB, or one number for a grey.
    scattering : colour
        How much is scattered per scene unit, >= 0. Where it is not 0, the scene has to be rendered
        with ``integrator="volpath"``.
    anisotropy : float
        Mean cosine of the scattered light with the light that comes, in (-1, 1): above 0 it goes on
        forwards, below 0 it is thrown back (Henyey and Greenstein 1941).

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> bottle = rw.HomogeneousMedium(absorption=(2.3, 0.1, 0.9))  # of red, a tenth is left after 1
    >>> rw.Dielectric(1.5, interior=bottle).interior.absorption
    (2.3, 0.1, 0.9)
    >>> smoke = rw.HomogeneousMedium(0.1, 2.0, anisotropy=0.5)
    >>> smoke.has_scattering
    True
    """

    absorption: ColorLike = 0.0
    scattering: ColorLike = 0.0
    anisotropy: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        anisotropy = checks.number(self, "anisotropy", self.anisotropy, "a number in (-1, 1)")
        if not -1.0 < anisotropy < 1.0:
            raise checks.fail(self, "anisotropy", "in (-1, 1)", self.anisotropy)
        self._set(
            absorption=checks.radiance(self, "absorption", self.absorption),
            scattering=checks.radiance(self, "scattering", self.scattering),
            anisotropy=anisotropy,
        )

    @property
    def has_scattering(self) -> bool:
        """Is `scattering` above 0 in any channel?"""
        return bool(np.any(np.asarray(self.scattering) > 0.0))
