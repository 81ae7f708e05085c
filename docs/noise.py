"""Render the picture of docs/howto/noise.md: python docs/noise.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Pillow

import raywidget as rw

PATH = Path(__file__).parent / "images" / "noise.jpg"
SIZE = {"width": 400, "height": 300, "spp": 64, "curve": "filmic"}


def scene() -> rw.Scene:
    """Balls of glass and brass that gather the light of a small lamp."""
    glass, brass = rw.Dielectric(1.5), rw.Metal((0.9, 0.7, 0.35), roughness=0.05)
    return rw.Scene(
        [
            rw.Quad((-20, 0, 20), (40, 0, 0), (0, 0, -40), material=rw.Diffuse(0.6)),
            rw.Sphere((-1.1, 1, 0), 1, material=glass),
            rw.Sphere((1.1, 0.8, 0.3), 0.8, material=brass),
            rw.Sphere((-3, 6, -2), 0.3, emission=120),
        ],
        emitters=[rw.GradientEnvironment(top=0.15, bottom=0.05)],
        camera=rw.PerspectiveCamera(look_from=(0, 3.2, 7), look_at=(0.2, 0.7, 0), vfov=36),
    )


def main() -> None:
    """Render it: as ever, and with caustics from the lights."""
    pictures = [rw.render(scene(), caustics=way, **SIZE).to_uint8() for way in (False, True)]
    line = np.full((SIZE["height"], 8, 3), 255, np.uint8)
    beside = np.concatenate([pictures[0], line, pictures[1]], axis=1)
    Pillow.fromarray(beside).save(PATH, quality=90, optimize=True, progressive=True)
    print(f"{PATH}: {PATH.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
