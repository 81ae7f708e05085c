"""Views around a thing -> one HTML file in which they are turned by hand.

Each view is a WebP picture of its own, so that any of them is there at once, whichever came before.
The file asks for nothing: no network, no other file, no evaluation of text.
"""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError, RaywidgetError
from raywidget.io.atomic import replacing
from raywidget.io.front_end import front_end_text
from raywidget.scene.values.paths import user_path

Bytes = NDArray[np.uint8]  # (H, W, 3), or 4 with straight alpha

WORST_QUALITY = 25  # of WebP: below, smaller pictures look better
SMALLEST_SIDE = 32  # in pixels
SHRINK = 0.8

FRAGMENT = """<figure class="raywidget-orbit">
<style>
{css}</style>
<div class="raywidget-orbit-stage" role="slider" tabindex="0" aria-label="{title}, \
seen from all round" aria-valuemin="0" aria-valuemax="{last}" aria-valuenow="{front}" \
data-lm-suppress-shortcuts="true" title="Drag, or use the arrow keys">
<img class="raywidget-orbit-first" src="data:image/webp;base64,{first}" width="{width}" \
height="{height}" alt="{title}">
</div>
<div class="raywidget-orbit-buttons" role="group" aria-label="Turn">
{buttons}
</div>
<script type="application/json" class="raywidget-orbit-data">{data}</script>
<script>
{script}</script>
{over}</figure>
"""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ margin: 0; padding: 0.5rem; }}
.raywidget-orbit-stage > img {{ max-height: calc(100vh - 5rem); width: auto; }}
</style>
<main>
{fragment}</main>
</html>
"""

_COLUMNS = (("left", "←", "Turn to the left"), ("right", "→", "Turn to the right"))
_ROWS = (("up", "↑", "From higher up"), ("down", "↓", "From lower down"))
_ALWAYS = (("home", "Home", "Back to the first view"), ("play", "Turn", "Turn by itself"))


class Views(NamedTuple):
    """Where the views are, as `js/src/orbit/views.js` has it."""

    columns: int
    arc: float  # degrees that the columns span
    front: int  # the column of the camera's own view
    elevations: tuple[float, ...]  # degrees, rising
    own: int  # the row of the camera's own view


class Over(NamedTuple):
    """What stands over the views: as `picture.figure_elements` describes it."""

    description: Mapping[str, Any]
    poses: Sequence[Mapping[str, Any]]  # of the cameras of all views
    hidden: Sequence[Sequence[int]]  # labels behind something, in each


class Page(NamedTuple):
    """A page that was written, and how large it is.

    Parameters
    ----------
    path : Path
        Where it is.
    size : int
        Of the file in bytes.
    views : int
        How many pictures it has.
    width, height : int
        Of each, in pixels.
    quality : int, optional
        Of their compression; None: nothing was lost.
    """

    path: Path
    size: int
    views: int
    width: int
    height: int
    quality: int | None = None

    def __repr__(self) -> str:
        views = "1 picture" if self.views == 1 else f"{self.views} views"
        kept = "" if self.quality is None else f", quality {self.quality}"
        size = f"{self.size / 1e6:.2f} MB" if self.size >= 1e5 else f"{self.size / 1e3:.0f} kB"
        return f"{self.path}: {views} of {self.width} x {self.height}{kept}, {size}"


def checked_page(path: object) -> Path:
    """Where a page is to be written.

    Raises
    ------
    PictureError
        If nothing can be written there, or the suffix is another one.
    """
    try:
        target = user_path(path)
    except ValueError as error:
        raise PictureError(f"can't save the page: {error}") from None
    if target.suffix.lower() not in (".html", ".htm"):
        raise PictureError(f"{str(path)!r} must end in .html, got {target.suffix!r}")
    if target.is_dir():
        raise PictureError(f"can't save {str(path)!r}: it is a folder")
    if not target.parent.is_dir():
        raise PictureError(f"can't save {str(path)!r}: there is no folder {str(target.parent)!r}")
    return target


def write_text(target: Path, text: str) -> None:
    """Write a page, or leave what was there.

    Raises
    ------
    PictureError
        If it can't be written.
    """
    try:
        with replacing(target) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PictureError(f"can't save {str(target)!r}: {error}") from error


def write_orbit(
    target: Path,
    pictures: Sequence[Bytes],
    views: Views,
    over: Over,
    *,
    title: str,
    quality: int,
    most: float | None,
    fragment: bool,
) -> Page:
    """Write all views into one file.

    Parameters
    ----------
    target : Path
        Where; `checked_page` has been asked.
    pictures : sequence of (H, W, 3 or 4) uint8 arrays
        Row by row, from the lowest.
    views : Views
        Where they are.
    over : Over
        What stands over them.
    title : str
        What is seen.
    quality : int
        Of WebP, 0 to 100.
    most : float, optional
        Bytes that the file may have: quality is lowered, and then the size of the pictures.
    fragment : bool
        Only what goes into another page.

    Raises
    ------
    PictureError
        If it can't be written, or not within so many bytes.
    """
    if not front_end_text("orbit.js"):
        raise RaywidgetError(
            "the front end has not been built: static/orbit.js is missing. Install raywidget by "
            "`pip install .`, which builds it, or run `npm ci && npm run build` in js/"
        )

    def page(given: Sequence[Bytes], chosen: int) -> str:
        encoded = [_webp(picture, chosen) for picture in given]
        return _page(
            encoded, given[0].shape[:2], pictures[0].shape[:2], views, over, title, fragment
        )

    text = page(pictures, quality)
    if most is not None and len(text) > most:
        worst = min(quality, WORST_QUALITY)
        low, high = worst, quality  # the answer, if there is any, is in [low, high)
        kept = page(pictures, worst)
        while len(kept) <= most and high - low > 1:
            middle = (low + high) // 2
            tried = page(pictures, middle)
            if len(tried) <= most:
                low, kept = middle, tried
            else:
                high = middle
        text, quality = kept, low
        given: Sequence[Bytes] = pictures
        share = 1.0
        while len(text) > most:
            share *= SHRINK
            given = [_smaller(picture, share) for picture in pictures]
            if min(given[0].shape[:2]) < SMALLEST_SIDE:
                raise PictureError(
                    f"{len(pictures)} views can't be kept in {most / 1e6:g} MB, however small; "
                    "ask for fewer views, or for more megabytes"
                )
            text = page(given, quality)
        height, width = given[0].shape[:2]
    else:
        height, width = pictures[0].shape[:2]
    write_text(target, text)
    return Page(target, target.stat().st_size, len(pictures), width, height, quality)


def _webp(picture: Bytes, quality: int) -> str:
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(picture).save(buffer, format="WEBP", quality=quality, method=4)
    return b64encode(buffer.getvalue()).decode("ascii")


def _smaller(picture: Bytes, share: float) -> Bytes:
    from PIL import Image as Pillow

    height, width = picture.shape[:2]
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(Pillow.fromarray(picture).resize(size, Pillow.Resampling.LANCZOS))


def _page(
    encoded: list[str],
    size: tuple[int, ...],
    seen: tuple[int, ...],
    views: Views,
    over: Over,
    title: str,
    fragment: bool,
) -> str:
    own = views.own * views.columns + views.front
    # The camera's own view stands in the page itself: it is seen before any script has run.
    others = ["" if index == own else picture for index, picture in enumerate(encoded)]
    data = {**views._asdict(), "size": [size[1], size[0]], "images": others}
    has_over = any(over.description.values())
    if has_over:
        data |= {"overlay": over.description, "poses": over.poses, "hidden": over.hidden}
    wanted = [_COLUMNS] * (views.columns > 1) + [_ROWS] * (len(views.elevations) > 1) + [_ALWAYS]
    text = FRAGMENT.format(
        css=front_end_text("orbit.css"),
        script=front_end_text("orbit.js"),
        over=f"<script>\n{front_end_text('orbit_over.js')}</script>\n" if has_over else "",
        title=escape(title),
        last=views.columns - 1,
        front=views.front,
        first=encoded[own],
        width=seen[1],
        height=seen[0],
        data=json.dumps(data).replace("<", "\\u003c"),
        buttons="\n".join(_button(*button) for group in wanted for button in group),
    )
    return text if fragment else PAGE.format(title=escape(title), fragment=text)


def _button(name: str, sign: str, label: str) -> str:
    pressed = ' aria-pressed="false"' if name == "play" else ""
    # Words name themselves; arrows need a name.
    named = f' title="{label}"' if sign.isalpha() else f' title="{label}" aria-label="{label}"'
    return f'<button type="button" class="raywidget-orbit-{name}"{named}{pressed}>{sign}</button>'
