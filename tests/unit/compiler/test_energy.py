"""Tables of what rough surfaces lose, against the same integrals of vectors."""

import numpy as np
import pytest

from raywidget.compiler.surfaces.energy import fresnel, glass_table, grazing_table, metal_table
from raywidget.kernels.layout import ENERGY_COLUMNS, ENERGY_ROWS

SIDES, RINGS = 24, 160


def visible_normals(wo, alpha):
    """Heitz 2018: evenly over the cap of a stretched hemisphere that is seen; half of it."""
    stretched = wo * (alpha, alpha, 1.0)
    stretched /= np.linalg.norm(stretched)
    phi = np.pi * (np.arange(SIDES) + 0.5)[:, None] / SIDES
    z = (1.0 - (np.arange(RINGS) + 0.5) / RINGS) * (1.0 + stretched[2]) - stretched[2]
    radius = np.sqrt(np.maximum(0.0, 1.0 - z**2))
    cap = np.stack([radius * np.cos(phi), radius * np.sin(phi), z + 0.0 * phi], axis=-1)
    normals = (cap + stretched) * (alpha, alpha, 1.0)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def seen_share(cos, alpha):
    """G1 of Smith for GGX."""
    return 2.0 * cos / (cos + np.sqrt(alpha**2 + (1.0 - alpha**2) * cos**2))


def mirrored(wo, h):
    return 2.0 * (h @ wo)[..., None] * h - wo


def let_through(wo, h, eta):
    cos = h @ wo
    inside = np.sqrt(np.maximum(0.0, 1.0 - (1.0 - cos**2) / eta**2))
    return (cos / eta - inside)[..., None] * h - wo / eta


def metal(wo, h, alpha):
    up = mirrored(wo, h)[..., 2]
    return np.where(up > 0, seen_share(np.abs(up), alpha), 0)


def grazing(wo, h, alpha):
    return 1.0 - (1.0 - h @ wo) ** 5 * metal(wo, h, alpha)


def glass(eta):
    def weight(wo, h, alpha):
        reflected = fresnel(np.clip(h @ wo, 0, 1), eta)
        down = let_through(wo, h, eta)[..., 2]
        through = np.where(down < 0, seen_share(np.abs(down), alpha), 0)
        return reflected * metal(wo, h, alpha) + (1.0 - reflected) * through

    return weight


@pytest.mark.parametrize(
    ("table", "weight"),
    [
        (metal_table, metal),
        (grazing_table, grazing),
        (lambda: glass_table(1.5), glass(1.5)),
        (lambda: glass_table(1 / 1.5), glass(1 / 1.5)),
    ],
    ids=["metal", "grazing", "glass", "glass from inside"],
)
def test_tables_are_what_vectors_give(table, weight):
    made = table().reshape(ENERGY_ROWS, ENERGY_COLUMNS + 1)
    for row in (1, 9, ENERGY_ROWS - 1):
        for column in (0, 1, 10, ENERGY_COLUMNS - 1):
            alpha = (row / (ENERGY_ROWS - 1)) ** 2
            cos = max((column / (ENERGY_COLUMNS - 1)) ** 2, 1e-4)
            wo = np.array([np.sqrt(1.0 - cos**2), 0.0, cos])
            expected = 1.0 - weight(wo, visible_normals(wo, alpha), alpha).mean()
            assert made[row, column] == pytest.approx(max(expected, 0.0), abs=1e-6)
