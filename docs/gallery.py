"""Render the pictures of docs/gallery.md.

python docs/gallery.py                # all of them: half an hour on two cores
python docs/gallery.py chess forest   # only these
python docs/gallery.py --samples 0.1  # a tenth of the samples, to have a look
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from PIL import Image as Pillow

import raywidget as rw

FOLDER = Path(__file__).parent / "images" / "gallery"


class Picture(NamedTuple):
    """A preset and how it is shown."""

    preset: str
    spp: int
    width: int
    exposure: float = 0.0
    curve: str = "srgb"


PICTURES = {
    "materials": Picture("materials", 400, 720, 0.5, "filmic"),
    "perfume": Picture("perfume", 600, 480, 0.6, "filmic"),
    "veach-mis": Picture("veach-mis", 256, 600),
    "chess": Picture("chess", 800, 720, 0.4, "filmic"),
    "hundred-thousand": Picture("hundred-thousand", 128, 720, 0.0, "filmic"),
    "forest": Picture("forest", 128, 720, 0.8, "filmic"),
    "caustic-glass": Picture("caustic-glass", 800, 400, 2.0, "filmic"),
    "shore": Picture("shore", 400, 720, 0.0, "neutral"),
    "dragon": Picture("dragon", 200, 480),
    "cornell": Picture("cornell", 1024, 320),
    "cornell-boxes": Picture("cornell-boxes", 600, 320),
    "spheregrid": Picture("spheregrid", 128, 640),
    "default": Picture("default", 400, 600),
    "trianglemesh": Picture("trianglemesh", 128, 480),
    "texture-test": Picture("texture-test", 128, 560),
    "cylinder-test": Picture("cylinder-test", 256, 400),
    "cone-test": Picture("cone-test", 256, 400),
}


def render(name: str, samples: float) -> Path:
    """Render a picture into the folder, as a JPEG."""
    picture = PICTURES[name]
    scene = rw.presets.preset(picture.preset)
    width, height = scene.defaults["width"], scene.defaults["height"]
    image = rw.render(
        scene,
        width=picture.width,
        height=round(picture.width * height / width),
        spp=max(1, round(picture.spp * samples)),
        exposure=picture.exposure,
        curve=picture.curve,
    )
    path = FOLDER / f"{name}.jpg"
    Pillow.fromarray(image.to_uint8()).save(path, quality=88, optimize=True, progressive=True)
    return path


def main() -> None:
    """Render what the command line names."""
    parser = argparse.ArgumentParser(description="Render the gallery.")
    parser.add_argument("names", nargs="*", metavar="PICTURE", help=", ".join(PICTURES))
    parser.add_argument("--samples", type=float, default=1.0, help="times as many (default 1)")
    options = parser.parse_args()
    if unknown := set(options.names) - set(PICTURES):
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in options.names or PICTURES:
        path = render(name, options.samples)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
