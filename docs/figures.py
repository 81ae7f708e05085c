"""Render the pictures of docs/howto/figures.md, by the code that stands there.

python -m docs.figures          # all of them
python -m docs.figures network  # only these
"""

from __future__ import annotations

import argparse
import io
import re
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from docs.site.blocks import blocks

PAGE = Path(__file__).parent / "howto" / "figures.md"
FOLDER = Path(__file__).parent / "images" / "figures"
WIDTH = 480


def main() -> None:
    """Run the blocks of the page, and save what each calls `fig`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    wanted = parser.parse_args().names
    names = re.findall(r"images/figures/(\w+)\.jpg", PAGE.read_text(encoding="utf-8"))
    sources = [source for _, source in blocks(PAGE, "python")]
    FOLDER.mkdir(exist_ok=True)
    known: dict[str, Any] = {}
    for name, source in zip(names, sources, strict=True):
        exec(source, known)  # the page's own code
        if wanted and name not in wanted:
            continue
        with Pillow.open(io.BytesIO(known["fig"]._repr_png_())) as picture:
            size = (WIDTH, round(WIDTH * picture.height / picture.width))
            small = picture.convert("RGB").resize(size, Pillow.Resampling.LANCZOS)
        path = FOLDER / f"{name}.jpg"
        small.save(path, quality=88, optimize=True, progressive=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
