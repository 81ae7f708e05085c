"""Pictures in a row -> films, in the format that the suffix names.

MP4, MOV and WebM are encoded by ffmpeg, which the package imageio-ffmpeg brings (the extra
`video`); GIF, WebP and animated PNG by Pillow. Frames are read one at a time.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.io.atomic import replacing

Bytes = NDArray[np.uint8]  # (H, W, 3), or 4 with straight alpha

_CODECS = {".mp4": "libx264", ".mov": "libx264", ".webm": "libvpx-vp9"}
_OPAQUE = (".mp4",)  # of which nobody would show the transparency
_PILLOW = (".gif", ".webp", ".apng")
FILM_SUFFIXES = (*_CODECS, *_PILLOW)
_NUMBER = re.compile(r"%(0\d+)?d")


def is_series(path: Path) -> bool:
    """Is it a name for many files, such as ``frame_%04d.png``?"""
    return len(_NUMBER.findall(path.name)) == 1 and path.name.count("%") == 1


def check_film(path: Path, alpha: bool) -> None:
    """Check that a film could be made there, before it is rendered.

    Raises
    ------
    PictureError
        If the suffix is unknown, its encoder is missing, or it knows no transparency.
    """
    suffix = path.suffix.lower()
    if is_series(path):
        if suffix != ".png":
            raise PictureError(f"a series of frames must end in .png, got {path.name!r}")
        return
    if suffix not in FILM_SUFFIXES:
        known = ", ".join(FILM_SUFFIXES)
        raise PictureError(
            f"{path.name!r} must end in one of {known}, or be a series such as frame_%04d.png"
        )
    if suffix in _CODECS:
        if importlib.util.find_spec("imageio_ffmpeg") is None:
            raise PictureError(
                f'{suffix} needs ffmpeg: pip install "raywidget[video]" '
                "(or save as .webp or .gif, which need nothing)"
            )
        _check_ffmpeg(suffix)
        if alpha and suffix in _OPAQUE:
            raise PictureError(
                f"{suffix} knows no transparency; save as .mov, .webm, .webp, .apng or .gif"
            )


def _check_ffmpeg(suffix: str) -> None:
    """The package may be there, and its program not."""
    import imageio_ffmpeg

    try:
        imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise PictureError(
            f"{suffix} needs ffmpeg, and imageio-ffmpeg finds none: install one, or say where it "
            "is by the environment variable IMAGEIO_FFMPEG_EXE (or save as .webp or .gif)"
        ) from error


def write_film(
    path: Path,
    frames: Callable[[], Iterable[Bytes]],
    size: tuple[int, int],
    fps: float,
    quality: int,
    loop: bool,
) -> None:
    """Encode a film; what was there before is replaced only once all is written.

    Parameters
    ----------
    path : Path
        Where; `check_film` has been asked.
    frames : callable
        Gives the frames anew each time it is called.
    size : (int, int)
        Width and height.
    fps : float
        Frames a second.
    quality : int
        0 to 100.
    loop : bool
        Begins anew at its end, in formats that can say so.

    Raises
    ------
    PictureError
        If it can't be encoded or written.
    """
    try:
        with replacing(path) as part:
            if path.suffix.lower() in _CODECS:
                _write_by_ffmpeg(part, frames(), size, fps, quality)
            else:
                _write_by_pillow(part, frames(), path.suffix.lower(), fps, quality, loop)
    except (OSError, RuntimeError, ValueError) as error:
        raise PictureError(f"can't save the film {str(path)!r}: {error}") from error


def _write_by_ffmpeg(
    path: Path, frames: Iterable[Bytes], size: tuple[int, int], fps: float, quality: int
) -> None:
    import imageio_ffmpeg

    frames = iter(frames)
    first = next(frames)
    frames, alpha = itertools.chain([first], frames), first.shape[2] == 4

    # Colours have half the resolution, so sides are even: the last row or column is shown twice.
    width, height = (side + side % 2 for side in size)
    # Constant rate factors: 18 is near to lossless for x264, 51 the worst.
    factor = round(45 - 0.30 * quality)
    codec, pixels = _CODECS[path.suffix.lower()], "yuv420p"
    channels = 4 if alpha else 3
    options = ["-colorspace", "bt709", "-color_primaries", "bt709"]
    options += ["-color_trc", "iec61966-2-1", "-vf", "scale=out_color_matrix=bt709"]
    if codec == "libvpx-vp9":
        options += ["-crf", str(factor), "-b:v", "0"]
        pixels = "yuva420p" if alpha else pixels
    elif alpha:  # x264 has no alpha; ProRes 4444 is what such programs know
        codec, pixels = "prores_ks", "yuva444p10le"
        options += ["-profile:v", "4444", "-vendor", "apl0", "-alpha_bits", "16"]
        options += ["-q:v", str(round(20 - 0.16 * quality))]
    else:
        options += ["-crf", str(factor), "-movflags", "+faststart"]
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=fps,
        codec=codec,
        quality=None,
        pix_fmt_in="rgba" if alpha else "rgb24",
        pix_fmt_out=pixels,
        macro_block_size=1,
        output_params=options,
        ffmpeg_log_level="error",
    )
    writer.send(None)
    try:
        for frame in frames:
            padded = np.pad(
                frame[..., :channels],
                ((0, height - size[1]), (0, width - size[0]), (0, 0)),
                mode="edge",
            )
            writer.send(np.ascontiguousarray(padded))
    finally:
        writer.close()
    if not path.stat().st_size:
        raise RuntimeError("ffmpeg has written nothing")


def _write_by_pillow(
    path: Path, frames: Iterable[Bytes], suffix: str, fps: float, quality: int, loop: bool
) -> None:
    from PIL import Image as Pillow

    # GIF counts in hundredths of a second: durations are rounded so that their sum stays right.
    step = 10.0 if suffix == ".gif" else 1.0
    pictures = [Pillow.fromarray(frame) for frame in frames]
    ends = [round(1000.0 / fps * (k + 1) / step) * step for k in range(len(pictures))]
    durations = [max(1, round(b - a)) for a, b in zip([0.0, *ends], ends, strict=False)]
    options: dict[str, Any] = {"duration": durations, "save_all": True}
    if suffix == ".webp":
        options |= {"quality": quality, "method": 4, "loop": 0 if loop else 1}
    elif suffix == ".gif":
        options |= {"disposal": 2}
        if loop:
            options["loop"] = 0
    else:
        options |= {"loop": 0 if loop else 1}
    kind = {".webp": "WEBP", ".gif": "GIF", ".apng": "PNG"}[suffix]
    pictures[0].save(path, format=kind, append_images=pictures[1:], **options)


def read_frames(paths: Iterable[Path]) -> Iterator[Bytes]:
    """The pictures of PNG files, one after the other."""
    from PIL import Image as Pillow

    for path in paths:
        with Pillow.open(path) as picture:
            yield np.asarray(picture)
