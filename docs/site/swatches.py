"""The small pictures in listings of materials, lights and presets, which travel with the package.

python -m docs.site.swatches              # all of them
python -m docs.site.swatches Metal chess  # only these
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image as Pillow

import raywidget as rw
from docs.site.sweeps import ball, corner, laid_over, open_air, panorama, room

FOLDER = Path(rw.__file__).parent / "presets" / "pictures"
SIDE = 72  # pixels
SPP = 128

_RED = (0.8, 0.1, 0.08)
SCENES: dict[str, Callable[[], rw.Scene]] = {
    "Principled": lambda: ball(rw.Principled(_RED, roughness=0.4, clearcoat=1)),
    "Diffuse": lambda: ball(rw.Diffuse("tan")),
    "Metal": lambda: ball(rw.Metal((1.0, 0.71, 0.29), 0.2)),
    "Conductor": lambda: ball(rw.Conductor("copper", roughness=0.15)),
    "Dielectric": lambda: ball(rw.Dielectric(1.5)),
    "Coated": lambda: ball(rw.Coated(rw.Diffuse((0.1, 0.25, 0.7)))),
    "Mix": lambda: ball(
        rw.Mix(
            rw.Diffuse(_RED),
            rw.Metal(0.95, 0.1),
            rw.Checkerboard((0, 0, 0), (1, 1, 1), scale=(12, 6)),
        )
    ),
    "Emissive": lambda: ball(rw.Emissive((3, 1.6, 0.6)), 0.25),
    "Interface": lambda: ball(rw.Interface(rw.HomogeneousMedium(0, (4, 1.5, 0.6)))),
    "ShadowCatcher": lambda: laid_over(rw.ShadowCatcher(0.4)),
    "PointLight": lambda: corner(rw.PointLight((-1.5, 3, 2.5), 10)),
    "SpotLight": lambda: corner(rw.SpotLight((-1.5, 3.6, 3.2), (0, 0.5, 0), 40, cone_angle=17)),
    "DirectionalLight": lambda: corner(rw.DirectionalLight((1, -1, -1), 3)),
    "ConstantEnvironment": lambda: open_air(rw.ConstantEnvironment(0.8)),
    "GradientEnvironment": lambda: open_air(
        rw.GradientEnvironment(top=(0.3, 0.5, 0.9), bottom=(0.9, 0.85, 0.8))
    ),
    "ImageEnvironment": lambda: open_air(rw.ImageEnvironment(panorama())),
    "SkyEnvironment": lambda: open_air(rw.SkyEnvironment(sun_elevation=25.0, sun_azimuth=230.0)),
    "StudioEnvironment": lambda: open_air(
        rw.StudioEnvironment(lamps=[((-1.2, 1.4, 1.0), 22, 11.0)], top=0.5, bottom=0.3)
    ),
    "Portal": lambda: room(rw.Portal((-0.7, 1, -2), (1.4, 0, 0), (0, 1.2, 0))),
    **{name: lambda name=name: rw.presets.preset(name) for name in rw.presets.NAMES},
}


def draw(name: str) -> Path:
    """Render one of them."""
    scene = SCENES[name]()
    settings = {"integrator": "volpath", "max_depth": 64} if name == "Interface" else {}
    curve = "neutral" if name[0].isupper() else "filmic"
    width, height = (scene.defaults.get(n, SIDE) for n in ("width", "height"))
    scale = SIDE / min(width, height)
    columns, rows = round(width * scale), round(height * scale)
    spp, ready = SPP, FOLDER.parents[2] / "docs" / "images" / "gallery" / f"{name}.jpg"
    if ready.exists():
        with Pillow.open(ready) as picture:
            small = picture.resize((columns, rows), Pillow.Resampling.LANCZOS)
    else:
        image = rw.render(
            scene, width=columns, height=rows, spp=spp, denoise=True, curve=curve, **settings
        )
        small = Pillow.fromarray(image.to_uint8())
    left, top = (columns - SIDE) // 2, (rows - SIDE) // 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.webp"
    small.crop((left, top, left + SIDE, top + SIDE)).save(path, quality=78, method=6)
    return path


def main() -> None:
    """Render what the command line names."""
    parser = argparse.ArgumentParser(description="Render the pictures of listings.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    if unknown := set(options.names) - set(SCENES):
        sys.exit(f"no such picture: {', '.join(sorted(unknown))}")
    for name in options.names or SCENES:
        path = draw(name)
        print(f"{path.name}: {path.stat().st_size / 1000:.1f} kB", flush=True)


if __name__ == "__main__":
    main()
