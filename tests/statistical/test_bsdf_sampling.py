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
    "coated gold": rw.Coated(rw.Conductor("gold", roughness=0.4)),
    "copper": rw.Conductor("copper", roughness=0.3),
    "gold, compensated": rw.Conductor("gold", roughness=0.7, compensate=True),
    "metal 1, compensated": rw.Metal((0.9, 0.5, 0.1), 1.0, compensate=True),
    "glass 0.1": rw.Dielectric(1.5, roughness=0.1),
    "glass 0.4": rw.Dielectric(1.33, roughness=0.4, color=(0.9, 0.5, 0.1)),
    "glass 0.8": rw.Dielectric(2.4, roughness=0.8),
    "glass 0.7, compensated": rw.Dielectric(1.5, roughness=0.7, compensate=True),
    "pane 0.3": rw.Dielectric(1.5, roughness=0.3, thin=True, color=(0.9, 0.5, 0.1)),
    "pane 0.7, compensated": rw.Dielectric(1.5, roughness=0.7, thin=True, compensate=True),
    "principled paint": rw.Principled((0.9, 0.5, 0.1), roughness=0.3),
    "principled metal": rw.Principled((0.9, 0.5, 0.1), metallic=1, roughness=0.6),
    "principled lacquer": rw.Principled(
        (0.9, 0.5, 0.1), metallic=0.5, roughness=0.8, clearcoat=0.9, clearcoat_roughness=0.3
    ),
    "principled velvet": rw.Principled(
        0.2, roughness=0.9, specular=0.5, sheen_color=(1, 0.5, 0.2), sheen_roughness=0.4
    ),
    "glass, principled": rw.Principled(
        (0.9, 0.8, 0.5),
        roughness=0.6,
        transmission=0.7,
        clearcoat=0.5,
        clearcoat_roughness=0.4,
        sheen_color=0.3,
        sheen_roughness=0.5,
        metallic=0.2,
        specular_color=(1, 2, 0.5),
    ),
    "pane, principled": rw.Principled(0.9, roughness=0.5, transmission=0.9, thin=True),
    # Of two simple parts, both are weighed where one is drawn.
    "paint and gold": rw.Mix(rw.Diffuse((0.2, 0.5, 1.0)), rw.Conductor("gold", roughness=0.4), 0.3),
    "lacquer and metal": rw.Mix(
        rw.Coated(rw.Diffuse(0.8)), rw.Coated(rw.Metal(0.9, 0.4)), rw.Gradient(0.6, 0.6)
    ),
    "painted brass": rw.Mix(
        rw.Diffuse(rw.Gradient(0.6, 0.6)), rw.Metal(rw.Gradient(0.9, 0.9), rw.Gradient(0.5, 0.5))
    ),
    "dusty pane": rw.Mix(rw.Diffuse(0.8), rw.Dielectric(1.5, thin=True), 0.4),
    "mirror and metal": rw.Mix(rw.Metal(0.9), rw.Metal(0.5, 0.5, compensate=True), 0.8),
}
TRANSMITS = [name for name in MATERIALS if name.startswith(("glass", "pane"))]


def direction(degrees, azimuth=0.7, side=1.0):
    sine = np.sin(np.radians(degrees))
    cosine = np.cos(np.radians(degrees))
    return np.array([sine * np.cos(azimuth), sine * np.sin(azimuth), side * cosine])


def roughness(name):
    material = MATERIALS[name]
    return getattr(getattr(material, "base", material), "roughness", None)


def bins_for(name, wo, through=False):
    """Fine where the lobe is."""
    rough = roughness(name)
    if rough is None:
        return CapBins((0, 0, np.sign(wo[2])), height=1.0)
    axis = wo * (-1, -1, 1)
    if through:
        eta = (MATERIALS[name].ior if "glass" in name else 1.0) ** np.sign(wo[2])
        axis = -wo / eta
        axis[2] = -np.sign(wo[2]) * np.sqrt(max(0.0, 1.0 - axis[0] ** 2 - axis[1] ** 2))
        if axis @ axis > 1.0:  # total reflection
            axis = wo * (-1, -1, -1)
    narrow = 0.5 if name in TRANSMITS else 0.3
    power = 8 if rough < 0.11 else 4 if rough < narrow else 2
    return CapBins(axis, power=power, rings=24)


@pytest.mark.parametrize("name", MATERIALS)
def test_samples_follow_their_density(name):
    material = MaterialUnderTest(MATERIALS[name])
    generator = np.random.default_rng(1)
    cases = [direction(a) for a in ANGLES] + [direction(50.0, side=-1.0)]
    halves = (False, True) if name in TRANSMITS else (False,)
    for wo in cases:
        sample = material.sample(wo, generator.random((COUNT, 3), np.float32))
        whole = 0.0
        for through in halves:

            def density(wi, wo=wo, through=through):
                return material.eval(wo, wi)[1] * ((wi[:, 2] * wo[2] < 0) == through)

            chosen = (sample.pdf > 0) & ((sample.wi[:, 2] * wo[2] < 0) == through)
            bins = bins_for(name, wo, through)
            p, total = check_sampler(
                sample.wi[chosen],
                COUNT,
                density,
                bins,
                fineness=24 if (roughness(name) or 1) < 0.5 else 12,
            )
            assert p > corrected(LEVEL, 2 * len(MATERIALS) * len(cases)), (wo, through, total)
            whole += total
        assert whole < 1.0 + 2e-3


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
            # Where one is evaluated, the facet is found from sums that cancel.
            close = 1e-3 if name in TRANSMITS else 3e-4
            if (roughness(name) or 1) < 0.11:
                close = 3e-3
            np.testing.assert_allclose(pdf, sample.pdf[some], rtol=close)
            np.testing.assert_allclose(
                f_cos, sample.weight[some] * pdf[:, None], rtol=close, atol=1e-30
            )
            stays = sample.wi[some, 2] * side > 0
            assert np.all(stays) or name in TRANSMITS
            assert np.all(np.abs(np.linalg.norm(sample.wi[some], axis=1) - 1) < 3e-6)
            lost = ~some & ~sample.specular
            assert np.all(sample.weight[lost] == 0)
            eta = getattr(MATERIALS[name], "ior", 1.0) ** side if "glass" in name else 1.0
            np.testing.assert_allclose(sample.eta[some], np.where(stays, 1.0, eta), rtol=1e-6)
            assert np.all(sample.eta[~some] == 1)


@pytest.mark.parametrize("name", MATERIALS)
def test_energy_is_not_created(name):
    # Weights average to the albedo: at most 1, for every direction.
    material = MaterialUnderTest(MATERIALS[name])
    generator = np.random.default_rng(3)
    for degrees in (0.0, 45.0, 80.0, 89.0):
        sample = material.sample(direction(degrees), generator.random((COUNT, 3), np.float32))
        weight = sample.weight * sample.eta.astype(float)[:, None] ** 2
        if "compensated" in name or "principled" in name:
            weight *= 1 - 2e-3  # the accuracy of the tables
        z = (weight.mean(axis=0) - 1.0) / (weight.std(axis=0) / np.sqrt(COUNT) + 1e-6)
        assert z.max() < stats.norm.isf(corrected(LEVEL, 3 * 4 * len(MATERIALS)))


@pytest.mark.parametrize("name", MATERIALS)
def test_reflection_is_reciprocal(name):
    material = MaterialUnderTest(MATERIALS[name])
    a, b = slanted(4), slanted(5)
    forth, _ = material.eval(a, b)
    back, _ = material.eval(b, a)
    np.testing.assert_allclose(forth / b[:, 2:], back / a[:, 2:], rtol=3e-5, atol=1e-30)
    through, _ = material.eval(a, b * (1, 1, -1))
    if name not in TRANSMITS:
        assert np.all(through == 0)
        return
    # Transmission is reciprocal but for the squeeze of radiance (Veach 1997, eq. 5.14).
    eta = MATERIALS[name].ior if "glass" in name else 1.0
    back, _ = material.eval(b * (1, 1, -1), a)
    some = through[:, 0] > 1e-12
    assert some.mean() > 0.1
    forth, back = (through * eta**2 / b[:, 2:])[some, 0], (back / a[:, 2:])[some, 0]
    # Near total reflection, 1 - F is a difference of nearly equal numbers.
    error = np.abs(forth - back) / (back + 1e-3)
    assert error.max() < 0.03
    assert np.quantile(error, 0.99) < 1e-3


def slanted(seed):
    """Directions above the surface, none of them quite along it."""
    d = np.random.default_rng(seed).standard_normal((20_000, 3))
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    d[:, 2] = np.abs(d[:, 2]) + 0.01
    return d / np.linalg.norm(d, axis=1, keepdims=True)


LOSSLESS = {
    "metal": rw.Metal(1, 0.5, compensate=True),
    "rough metal": rw.Metal(1, 1.0, compensate=True),
    "glass": rw.Dielectric(1.5, roughness=0.5, compensate=True),
    "rough glass": rw.Dielectric(1.5, roughness=1.0, compensate=True),
    "rough diamond": rw.Dielectric(2.4, roughness=0.8, compensate=True),
    "pane": rw.Dielectric(1.5, roughness=0.8, thin=True, compensate=True),
    "principled metal": rw.Principled(1, metallic=1, roughness=0.8),
    "principled paint": rw.Principled(1, roughness=0.5),
    "principled smooth paint": rw.Principled(1, roughness=0.1, ior=1.8),
    "principled glass": rw.Principled(1, roughness=0.7, transmission=1),
    "principled pane": rw.Principled(1, roughness=0.7, transmission=1, thin=True),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_nothing_is_lost_where_multiple_scattering_is_given_back(name):
    # All that comes leaves again, in flux: radiance is weighted by 1 / eta^2 where it crosses.
    material = MaterialUnderTest(LOSSLESS[name])
    generator = np.random.default_rng(6)
    for degrees in (0.0, 40.0, 70.0, 85.0):
        for side in (1.0, -1.0):
            wo = direction(degrees, side=side)
            sample = material.sample(wo, generator.random((COUNT, 3), np.float32))
            flux = sample.weight[:, 0].astype(float) * sample.eta.astype(float) ** 2
            error = abs(flux.mean() - 1.0)
            # The tables are good to some thousandths.
            assert error < 4e-3 + 4.0 * flux.std() / np.sqrt(COUNT), (degrees, side, flux.mean())
