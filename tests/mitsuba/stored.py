"""Pictures by Mitsuba on disk: means in float32, their standard errors in float16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cases import HEIGHT, WIDTH
from significance import PictureStatistics

FOLDER = Path(__file__).parents[1] / "fixtures" / "mitsuba"
BATCHES = 64


def save(name: str, picture: PictureStatistics) -> None:
    scale = np.float32(max(float(np.sqrt(picture.variance).max()), 1e-30))
    np.savez_compressed(
        FOLDER / f"{name}.npz",
        mean=picture.mean.astype(np.float32),
        error=(np.sqrt(picture.variance) / scale).astype(np.float16),
        scale=scale,
        batches=np.int32(picture.batches),
    )


def load(name: str) -> PictureStatistics:
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as arrays:
        mean = arrays["mean"].astype(np.float64)
        error = arrays["error"].astype(np.float64) * float(arrays["scale"])
        batches = int(arrays["batches"])
    assert mean.shape == error.shape == (HEIGHT, WIDTH, 3)
    return PictureStatistics(mean, error**2, batches)
