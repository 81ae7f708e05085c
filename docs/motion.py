"""Render the picture of docs/howto/motion.md: python docs/motion.py."""

from __future__ import annotations

from pathlib import Path

from PIL import Image as Pillow

import raywidget as rw

PATH = Path(__file__).parent / "images" / "motion.jpg"
ROOM = (
    rw.Quad((-40, 0, 40), (80, 0, 0), (0, 0, -80), material=rw.Diffuse(0.6)),
    rw.Quad((-4, 7, -2), (8, 0, 0), (0, 0, 4), emission=7),
)


def scene_at(time: float) -> rw.Scene:
    """A ball that rolls by, a propeller, and a cube that rests."""
    turn = rw.transforms.rotate(70 * time, (0, 0, 1))
    blade = rw.Mesh(
        [(-0.18, 0, 0), (0.18, 0, 0), (0.3, 1.5, 0.15), (-0.3, 1.5, -0.15)], [(0, 1, 2), (0, 2, 3)]
    )
    around = [rw.transforms.rotate(120 * k, (0, 0, 1)) for k in range(3)]
    hub = rw.transforms.translate(2.6, 1.9, 0)
    ball = rw.Sphere(
        (-3.2 + 2.4 * time, 0.7, 1.2), 0.7, material=rw.Principled((0.75, 0.1, 0.05), roughness=0.3)
    )
    return rw.Scene(
        [
            *ROOM,
            ball,
            rw.Box((0.4, 0.75, -1.2), (1.5, 1.5, 1.5), material=rw.Diffuse((0.1, 0.35, 0.6))),
            rw.Sphere((2.6, 1.9, 0.1), 0.22, material=rw.Metal((0.9, 0.7, 0.4), roughness=0.2)),
            rw.Instances(blade, [hub @ turn @ each for each in around]),
        ],
        emitters=[rw.GradientEnvironment(top=0.6, bottom=0.3)],
        camera=rw.PerspectiveCamera(look_from=(0.2, 2.4, 8), look_at=(0.2, 1.2, 0), vfov=36),
    )


def main() -> None:
    """Render it."""
    image = rw.render(scene_at, shutter=(0, 1), width=640, height=320, spp=256, curve="filmic")
    Pillow.fromarray(image.to_uint8()).save(PATH, quality=86, optimize=True, progressive=True)
    print(f"{PATH}: {PATH.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
