"""The pages that readers of the site turn by hand: rendered once, and kept beside the pictures.

python -m docs.site.orbits          # all of them
python -m docs.site.orbits field    # only this one
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import raywidget as rw

FOLDER = Path(__file__).parents[1] / "images" / "orbits"
SIZE = {"width": 320, "height": 240}
MEGABYTES = 0.3


def field() -> rw.Scene:
    """A standing wave on a torus, in the colours of its values."""
    u, v = np.meshgrid(*(np.linspace(0, 2 * np.pi, n + 1) for n in (160, 80)), indexing="ij")
    across = 1.0 + 0.42 * np.cos(v)
    vertices = np.stack([across * np.cos(u), across * np.sin(u), 0.42 * np.sin(v)], -1)
    rows, columns = u.shape
    a = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    faces = np.concatenate(
        [np.stack([a, a + columns, a + 1], 1), np.stack([a + 1, a + columns, a + columns + 1], 1)]
    )
    wave = np.sin(5 * u) * np.cos(3 * v)
    mesh = rw.Mesh(vertices.reshape(-1, 3), faces, values=wave.ravel(), colormap="coolwarm")
    return rw.studio(mesh, up="z")


def caffeine() -> rw.Scene:
    """A molecule."""
    atoms = np.array(
        [
            (0.47, 2.57, 0.00), (-3.13, -0.44, 0.00), (-0.97, -1.31, 0.00), (2.22, 0.14, 0.00),
            (-1.35, 1.08, 0.00), (0.86, 0.39, 0.00), (0.39, -1.00, 0.00), (0.03, 1.42, 0.00),
            (-1.91, -0.25, 0.00), (2.50, -1.20, 0.00), (1.43, -1.94, 0.00), (3.19, 1.21, 0.00),
            (-2.28, 2.24, 0.00), (-1.53, -2.68, 0.00),
        ]
    )  # fmt: skip
    names = "OONNNCCCCCNCCC"
    colors = {"O": (0.85, 0.1, 0.08), "N": (0.12, 0.2, 0.85), "C": (0.12, 0.12, 0.13)}
    apart = np.linalg.norm(atoms[:, None] - atoms, axis=-1)
    first, second = np.nonzero(np.triu((apart < 1.62) & (apart > 0.1)))
    plastic = {name: rw.Principled(colors[name], roughness=0.25) for name in colors}
    groups = [
        rw.Spheres(atoms[[n == name for n in names]], 0.36, material=plastic[name])
        for name in colors
    ]
    bonds = rw.Cylinders(
        atoms[first], atoms[second], 0.13, material=rw.Principled((0.6, 0.6, 0.6), roughness=0.3)
    )
    return rw.studio([*groups, bonds], up="y", ground=False)


PAGES: dict[str, tuple[Callable[[], rw.Scene], str]] = {
    "field": (field, "A standing wave on a torus"),
    "molecule": (caffeine, "Caffeine, without its hydrogen"),
}


def draw(name: str) -> tuple[object, ...]:
    """Render one of them."""
    make, title = PAGES[name]
    FOLDER.mkdir(exist_ok=True)
    return rw.to_html(
        make(),
        FOLDER / f"{name}.html",
        orbit=True,
        title=title,
        views=(20, 2),
        fit=True,
        megabytes=MEGABYTES,
        **SIZE,
        spp=20,
        progress=True,
    )


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    for name in options.names or PAGES:
        if name not in PAGES:
            parser.error(f"{name!r} is none of {', '.join(PAGES)}")
        print(draw(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
