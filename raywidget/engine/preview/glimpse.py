"""A small picture of a scene for its repr in a notebook: within two seconds, and no error ever."""

from __future__ import annotations

import threading
from base64 import b64encode
from html import escape

from raywidget.engine.preview.sketch import Sketch
from raywidget.picture.image import Image
from raywidget.scene.scene import Scene

WIDTH = 160  # pixels
MOST_ROWS = 240
PATIENCE = 2.0  # seconds, for all of it
MOST_WORDS = 4000  # letters of the repr that are shown


def as_html(scene: Scene) -> str | None:
    """A sketch of a scene with its repr below, as HTML; None if there is none in time."""
    picture = sketch_within(scene, PATIENCE)
    if picture is None:
        return None
    words = repr(scene)
    if len(words) > MOST_WORDS:
        words = words[:MOST_WORDS] + " ..."
    source = f"data:image/png;base64,{b64encode(picture).decode('ascii')}"
    told = f"{len(scene.shapes)} shapes, {len(scene.emitters)} emitters"
    # A sketch has no shadows and no mirrors: whoever sees it should know that it is one.
    return (
        f'<figure style="margin:0"><img src="{source}" alt="Sketch of the scene: {told}">'
        f"<figcaption>A sketch; <code>rw.render(scene)</code> renders it.</figcaption>"
        f"<details><summary>Scene: {told}</summary><pre>{escape(words)}</pre></details></figure>"
    )


def sketch_within(scene: Scene, seconds: float) -> bytes | None:
    """A sketch as PNG; None if it takes longer, or can't be drawn."""
    over = threading.Event()
    found: list[bytes] = []

    def draw() -> None:
        try:
            width = int(scene.defaults.get("width", 640))
            height = int(scene.defaults.get("height", 480))
            rows = max(1, min(MOST_ROWS, round(WIDTH * height / width)))
            pixels = Sketch(scene).draw(scene.camera, WIDTH, rows, over.is_set)
            if pixels is not None:
                found.append(Image(pixels, spp=1)._repr_png_())
        except Exception:  # a repr is never worth an error
            return

    thread = threading.Thread(target=draw, name="raywidget-glimpse", daemon=True)
    thread.start()
    thread.join(seconds)
    over.set()
    return found[0] if found else None
