"""A process whose children write files until they are killed; `test_killed` starts it.

Children are forked, so that each is at work at once. At which moments they are killed follows from
the seed, how far they have come then does not: what is on disk must be whole wherever that was.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import raywidget as rw
from raywidget import animation
from raywidget.engine import checkpoint

SCENE = rw.presets.preset("cornell-boxes")
SIZE = {"width": 40, "height": 24, "tile_size": 16, "seed": 5}
FRAMES = 8
SUFFIXES = (".png", ".jpg", ".webp", ".tif", ".exr", ".hdr", ".pdf", ".npz", ".avif")


def at(frame):
    """The scene of a frame; no two are alike."""
    return SCENE.replace(camera=SCENE.camera.replace(vfov=40.0 - frame))


def killed(work, seconds):
    """Whether `work` was killed, so long after it began, before it was done."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def saving(folder, moments):
    """Two pictures take turns in files of all kinds, and two scenes in one."""
    pictures = [rw.render(at(k), spp=1, **SIZE) for k in (0, 1)]
    for k, picture in enumerate(pictures):
        (folder / f"whole-{k}").mkdir()
        for suffix in SUFFIXES:
            picture.save(folder / f"whole-{k}" / f"picture{suffix}")
        at(k).save(folder / f"whole-{k}" / "scene.glb")

    def work():
        while True:
            for k, picture in enumerate(pictures):
                for suffix in SUFFIXES:
                    picture.save(folder / f"picture{suffix}")
                at(k).save(folder / "scene.glb")

    for _ in range(8):
        assert killed(work, moments.uniform(0.0, 0.3))
        for path in folder.iterdir():
            if path.name.startswith(("picture", "scene")):
                wholes = [(folder / f"whole-{k}" / path.name).read_bytes() for k in (0, 1)]
                assert path.read_bytes() in wholes, path.name


def checkpoints(folder, moments):
    """A render goes on again and again, and comes to the picture of one that was let alone."""
    checkpoint._PATIENCE = 0.0
    how = {"spp": 600, "passes": 200, **SIZE}
    whole = rw.render(SCENE, **how)
    place = folder / "box.checkpoint"
    samples = [0]
    while len(samples) < 6 or samples[-1] == 0:  # on a crowded machine, nothing may have begun
        killed(
            lambda: rw.render(SCENE, checkpoint=place, checkpoint_seconds=0, **how),
            moments.uniform(0.02, 0.4),
        )
        if place.exists():
            samples.append(checkpoint.read_checkpoint(place).film.samples())
            assert samples[-1] >= samples[-2]
    np.testing.assert_array_equal(rw.resume(place).pixels, whole.pixels)


def films(folder, moments):
    """A film can be played whenever there is one, and in the end it is that of a whole call."""
    animation._EVERY = animation._PATIENCE = 0.0
    how = {"spp": 2, **SIZE}
    path, whole = folder / "film.apng", folder / "whole.apng"
    rw.animate(at, FRAMES, whole, **how)
    expected = frames(whole)
    seen, times = 0, 0
    while times < 6 or seen == 0:
        times += 1
        killed(lambda: rw.animate(at, FRAMES, path, **how), moments.uniform(0.02, 0.3))
        if path.exists():
            played = frames(path)
            assert all(map(np.array_equal, played, expected))
            seen = max(seen, len(played))
    rw.animate(at, FRAMES, path, **how)
    assert path.read_bytes() == whole.read_bytes()


def frames(path):
    """All pictures of a film."""
    from PIL import Image as Pillow

    found = []
    with Pillow.open(path) as film:
        for k in range(film.n_frames):
            film.seek(k)
            found.append(np.asarray(film.convert("RGB")))
    return found


if __name__ == "__main__":
    what, folder, seed = sys.argv[1:]
    {"saving": saving, "checkpoints": checkpoints, "films": films}[what](
        Path(folder), random.Random(int(seed))
    )
