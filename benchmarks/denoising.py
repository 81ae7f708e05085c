"""What denoising gains and where it loses: errors against references of 4096 samples per pixel.

``python -m benchmarks.denoising`` prints a table; ``--only cornell hair`` measures these. What
takes long are the references. They are kept as checkpoints in benchmarks/results: a run that was
ended goes on where it was, and a second one takes them as they are.

relMSE is mean((x - ref)^2 / (ref^2 + 0.01)). The reference's own noise is in each number: about
1/256 of that of 16 samples.
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np
from numpy.typing import NDArray

import raywidget as rw
from benchmarks.harness import RESULTS
from raywidget.picture.denoising import choose_method

PIXELS = 96 * 72
FEW, MANY = 16, 128  # samples per pixel
REFERENCE = 4096
SEEDS = 3
PRESETS = (
    "texture-test",
    "forest",
    "veach-mis",
    "caustic-glass",
    "perfume",
    "materials",
    "chess",
    "cornell-boxes",
    "cornell",
)
COLUMNS = (
    f"raw, {FEW} spp",
    f"oidn, {FEW} spp",
    f"nlm, {FEW} spp",
    f"raw, {MANY} spp",
    f"oidn, {MANY} spp",
)


def hair() -> rw.Scene:
    """Three thousand hairs, about 0.4 pixels wide."""
    rng = np.random.default_rng(3)
    foot = np.column_stack([rng.uniform(-1, 1, 3000), np.zeros(3000), rng.uniform(-1, 1, 3000)])
    tip = foot + np.column_stack(
        [rng.normal(0, 0.25, 3000), rng.uniform(0.7, 1.1, 3000), rng.normal(0, 0.25, 3000)]
    )
    lines = np.stack([foot, tip], axis=1)
    head = rw.Tubes(lines, radius=0.006, material=rw.Principled("saddlebrown", roughness=0.3))
    floor = rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6))
    lamp = rw.Quad((-1, 4, 1), (2, 0, 0), (0, 0, -2), material=rw.Emissive(6.0))
    camera = rw.PerspectiveCamera(look_from=(0, 1.6, 4), look_at=(0, 0.45, 0), vfov=36)
    return rw.Scene([floor, head, lamp], emitters=[rw.ConstantEnvironment(0.3)], camera=camera)


def fog() -> rw.Scene:
    """Balls in a medium that scatters, which fills the scene."""
    floor = rw.Quad((-5, 0, 5), (10, 0, 0), (0, 0, -10))
    balls = [
        rw.Sphere((x, 0.6, z), 0.6, material=rw.Principled(color, roughness=0.4))
        for x, z, color in ((-1.3, 0.5, "tomato"), (0.0, -0.6, "gold"), (1.4, -2.5, "steelblue"))
    ]
    lamp = rw.Quad((-1, 3.5, 1), (2, 0, 0), (0, 0, -2), material=rw.Emissive(20.0))
    camera = rw.PerspectiveCamera(look_from=(0, 1.4, 5), look_at=(0, 0.7, 0), vfov=40)
    medium = rw.HomogeneousMedium(scattering=0.15, absorption=0.01)
    return rw.Scene([floor, *balls, lamp], camera=camera, medium=medium)


def main() -> None:
    """Measure what was asked for, and print it, the worst rows first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.denoising", description=__doc__)
    names = (*PRESETS, "hair", "fog")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SCENE")
    options = parser.parse_args()
    choose_method("oidn")  # or it is said here
    rows = []
    for name in options.only:
        errors = measure(name)
        rows.append((errors[1] / errors[3], name, errors))
        print(name, *(f"{error:.5f}" for error in errors), flush=True)
    print(f"\n| scene | {' | '.join(COLUMNS)} | `oidn` at {FEW} nearer than raw at {MANY}? |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for by_many, name, errors in sorted(rows, reverse=True):
        cells = " | ".join(f"{error:.5f}" for error in errors)
        verdict = "equal" if 0.9 < by_many < 1.1 else "yes" if by_many < 1.0 else "no"
        worse = ", worse than none" if errors[1] > errors[0] else ""
        late = f"; at {MANY} worse than none" if errors[4] > errors[3] else ""
        print(f"| {name} | {cells} | {verdict}{worse}{late} |")


def measure(name: str) -> list[float]:
    """The errors of a scene, by `COLUMNS`: medians of a few seeds."""
    scene = (
        {"hair": hair, "fog": fog}[name]() if name in ("hair", "fog") else rw.presets.preset(name)
    )
    width, height = (scene.defaults.get(side, 1) for side in ("width", "height"))
    aspect = width / height if "width" in scene.defaults else 4 / 3
    height = round((PIXELS / aspect) ** 0.5)
    how = {
        "width": round(height * aspect),
        "height": height,
        "integrator": "volpath" if name == "fog" else "path",
    }
    folder = RESULTS / "denoising"
    folder.mkdir(parents=True, exist_ok=True)
    reference = rw.render(
        scene, spp=REFERENCE, seed=1000, checkpoint=folder / f"{name}.checkpoint", **how
    ).pixels
    runs = []
    for seed in range(SEEDS):
        few, many = (rw.render(scene, spp=spp, seed=seed, **how) for spp in (FEW, MANY))
        pictures = (few, few.denoise("oidn"), few.denoise("nlm"), many, many.denoise("oidn"))
        runs.append([error_of(picture.pixels, reference) for picture in pictures])
    return [statistics.median(column) for column in zip(*runs, strict=True)]


def error_of(pixels: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Its relMSE."""
    truth = reference.astype(np.float64)
    return float(np.mean((pixels - truth) ** 2 / (truth**2 + 0.01)))


if __name__ == "__main__":
    main()
