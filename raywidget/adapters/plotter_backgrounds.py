"""What a PyVista plotter has behind everything: a colour, a gradient, a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.io.vtk_data import array_of
from raywidget.scene.backdrop import Backdrop
from raywidget.scene.values.colors import decode_srgb

_HORIZONTAL, _TO_SIDES, _TO_CORNERS = 1, 2, 3  # vtkViewport::GradientModes; 0 is upright
_STEPS = 256


def background_of(plotter: Any) -> Any:
    """As `Scene` has it."""
    picture = _picture(plotter)
    if picture is not None:
        return Backdrop(picture)
    renderer = plotter.renderer
    if renderer.GetGradientBackground():
        return Backdrop(_gradient(renderer), fit="stretch")
    return tuple(decode_srgb(np.clip(renderer.GetBackground(), 0.0, 1.0)).tolist())


def _gradient(renderer: Any) -> NDArray[np.uint8]:
    """From the lower edge, or the middle, to the upper one, or outwards; blended as screens do."""
    low, high = (np.array(c) for c in (renderer.GetBackground(), renderer.GetBackground2()))
    mode = int(getattr(renderer, "GetGradientMode", lambda: 0)())
    along = (np.arange(_STEPS) + 0.5) / _STEPS
    if mode in (_TO_SIDES, _TO_CORNERS):
        across = 2.0 * along - 1.0
        shares = np.hypot(across[:, None], across)
        shares = np.clip(shares / (np.sqrt(2.0) if mode == _TO_CORNERS else 1.0), 0.0, 1.0)
    else:
        shares = along[None] if mode == _HORIZONTAL else along[::-1, None]
    colors = low + (high - low) * shares[..., None]
    return np.asarray(np.round(255.0 * np.clip(colors, 0.0, 1.0)), np.uint8)


def _picture(plotter: Any) -> NDArray[np.uint8] | None:
    """The pixels of the picture behind the active subplot, or behind all; None without one."""
    renderers = getattr(plotter, "renderers", None)
    behind = getattr(renderers, "_background_renderers", None)
    if not behind:
        return None
    index = getattr(renderers, "active_index", 0)
    own = behind[index] if index < len(behind) else None
    if own is None:
        return None
    for actor in own.actors.values():
        if is_a(actor, "vtkmodules", "vtkImageActor"):
            image = actor.GetInput()
            width, height, _ = image.GetDimensions()
            pixels = array_of(image.GetPointData().GetScalars()).reshape(height, width, -1)[::-1]
            if pixels.dtype == np.uint8:
                colors = pixels[:, :, : 3 if pixels.shape[2] >= 3 else 1]
                return np.ascontiguousarray(np.broadcast_to(colors, (height, width, 3)))
    return None
