"""Every BSDF: drawn as its density says, and the same function when evaluated."""

import numpy as np
import pytest
from kernel_drivers import MaterialUnderTest
from scipy import stats
from significance import LEVEL, CapBins, check_sampler, corrected

import raywidget as rw

pytestmark = pytest.mark.statistical

COUNT = 200_000
ANGLES = (0.0, 30.0, 60.0, 85.0)
MATERIALS = {
    "diffuse": rw.Diffuse((0.2, 0.5, 1.0)),
    "metal 0.032": rw.Metal((0.9, 0.5, 0.1), 0.032),
    "metal 0.05": rw.Metal((0.9, 0.5, 0.1), 0.05),
    "metal 0.15": rw.Metal((0.9, 0.5, 0.1), 0.15),
    "metal 0.4": rw.Metal((0.9, 0.5, 0.1), 0.4),
    "metal 1": rw.Metal((0.9, 0.5, 0.1), 1.0),
    "coated diffuse": rw.Coated(rw.Diffuse((0.2, 0.5, 1.0))),
    "coated diffuse 2.4": rw.Coated(rw.Diffuse(0.8), ior=2.4),
    "coated metal": rw.Coated(rw.Metal((0.9, 0.5, 0.1), 0.4)),
}


def direction(degrees, azimuth=0.7, side=1.0):
    sine = np.sin(np.radians(degrees))
    cosine = np.cos(np.radians(degrees))
    return np.array([sine * np.cos(azimuth), sine * np.sin(azimuth), side * cosine])


def roughness(name):
    material = MATERIALS[name]
    return getattr(getattr(material, "base", material), "roughness", None)


def bins_for(name, wo):
    """Fine where the lobe is."""
    rough = roughness(name)
    side = np.sign(wo[2])
    if rough is None:
        return CapBins((0, 0, side), height=1.0)
    mirrored = wo * (-1, -1, 1)
    return CapBins(mirrored, power=8 if rough < 0.1 else 4 if rough < 0.3 else 2, rings=24)


@pytest.mark.parametrize("name", MATERIALS)
def test_samples_follow_their_density(name):
    material = MaterialUnderTest(MATERIALS[name])
    generator = np.random.default_rng(1)
    cases = [direction(a) for a in ANGLES] + [direction(50.0, side=-1.0)]
    for wo in cases:
        sample = material.sample(wo, generator.random((COUNT, 3), np.float32))
        scattered = sample.pdf > 0
        p, total = check_sampler(
            sample.wi[scattered],
            COUNT,
            lambda wi, wo=wo: material.eval(wo, wi)[1],
            bins_for(name, wo),
            fineness=24,
        )
        assert p > corrected(LEVEL, len(MATERIALS) * len(cases)), (wo, total)
        assert total < 1.0 + 2e-3


@pytest.mark.parametrize("name", MATERIALS)
def test_sampling_and_evaluation_are_one_function(name):
    material = MaterialUnderTest(MATERIALS[name])
    generator = np.random.default_rng(2)
    for degrees in ANGLES:
        for side in (1.0, -1.0):
            wo = direction(degrees, side=side)
            sample = material.sample(wo, generator.random((20_000, 3), np.float32))
            some = sample.pdf > 0
            f_cos, pdf = material.eval(wo, sample.wi[some])
            np.testing.assert_allclose(pdf, sample.pdf[some], rtol=1e-4)
            np.testing.assert_allclose(
                f_cos, sample.weight[some] * pdf[:, None], rtol=2e-4, atol=1e-30
            )
            assert np.all(sample.wi[some, 2] * side > 0)
            assert np.all(np.abs(np.linalg.norm(sample.wi[some], axis=1) - 1) < 3e-6)
            lost = ~some & ~sample.specular
            assert np.all(sample.weight[lost] == 0)
            assert np.all(sample.eta[~some] == 1)


@pytest.mark.parametrize("name", MATERIALS)
def test_energy_is_not_created(name):
    # Weights average to the albedo: at most 1, for every direction.
    material = MaterialUnderTest(MATERIALS[name])
    generator = np.random.default_rng(3)
    for degrees in (0.0, 45.0, 80.0, 89.0):
        weight = material.sample(
            direction(degrees), generator.random((COUNT, 3), np.float32)
        ).weight.astype(float)
        z = (weight.mean(axis=0) - 1.0) / (weight.std(axis=0) / np.sqrt(COUNT) + 1e-6)
        assert z.max() < stats.norm.isf(corrected(LEVEL, 3 * 4 * len(MATERIALS)))


@pytest.mark.parametrize("name", MATERIALS)
def test_reflection_is_reciprocal(name):
    material = MaterialUnderTest(MATERIALS[name])
    generator = np.random.default_rng(4)
    a, b = generator.standard_normal((2, 20_000, 3))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    a[:, 2], b[:, 2] = np.abs(a[:, 2]) + 0.01, np.abs(b[:, 2]) + 0.01
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    forth = material.eval(a, b)[0] / b[:, 2:]
    back = material.eval(b, a)[0] / a[:, 2:]
    np.testing.assert_allclose(forth, back, rtol=3e-5, atol=1e-30)
    assert np.all(material.eval(a, b * (1, 1, -1))[0] == 0)  # nothing comes through
