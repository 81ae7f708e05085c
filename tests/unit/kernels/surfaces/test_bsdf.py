"""BSDFs against their formulas, written anew in float64."""

import numpy as np
import pytest
from kernel_drivers import MaterialUnderTest
from scipy import stats

import raywidget as rw

COUNT = 20_000


def hemisphere(seed, side=1.0):
    d = np.random.default_rng(seed).standard_normal((COUNT, 3))
    d[:, 2] = np.abs(d[:, 2]) + 0.02
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    d[:, 2] *= side
    return d.astype(np.float32)


def fresnel(cosine, eta):
    """Reflectance from the angles (Fresnel 1823: sine and tangent formulas)."""
    i = np.arccos(np.clip(cosine, 0, 1 - 1e-9))
    with np.errstate(invalid="ignore"):
        t = np.arcsin(np.sin(i) / eta)
        senkrecht = np.sin(i - t) / np.sin(i + t)
        parallel = np.tan(i - t) / np.tan(i + t)
    return np.where(np.sin(i) >= eta, 1.0, 0.5 * (senkrecht**2 + parallel**2))


def drawn_share(reflected, below=1.0):
    """How often a smooth boundary's reflection is drawn, over what has the albedo `below`."""
    return np.sqrt(reflected / (reflected + (1 - reflected) * below))


def metal(color, roughness, wo, wi):
    """Torrance and Sparrow with GGX, by tangents (Walter et al. 2007, equations 33 and 34)."""
    wo, wi = wo.astype(float), wi.astype(float)
    alpha = roughness**2
    h = wo + wi
    h /= np.linalg.norm(h, axis=1, keepdims=True)

    def tan2(w):
        return (w[:, 0] ** 2 + w[:, 1] ** 2) / w[:, 2] ** 2

    def g1(w):
        return 2.0 / (1.0 + np.sqrt(1.0 + alpha**2 * tan2(w)))

    d = alpha**2 / (np.pi * h[:, 2] ** 4 * (alpha**2 + tan2(h)) ** 2)
    visible = d * g1(wo) * (wo * h).sum(axis=1) / wo[:, 2]  # density of visible normals
    pdf = visible / (4.0 * (wo * h).sum(axis=1))
    f0 = np.asarray(color, float)
    schlick = f0 + (1.0 - f0) * (1.0 - (wo * h).sum(axis=1, keepdims=True)) ** 5
    return schlick * (d * g1(wo) * g1(wi) / (4.0 * wo[:, 2]))[:, None], pdf


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_diffuse(side):
    color = (0.2, 0.5, 1.0)
    wo, wi = hemisphere(0, side), hemisphere(1, side)
    f_cos, pdf = MaterialUnderTest(rw.Diffuse(color)).eval(wo, wi)
    expected = np.abs(wi[:, 2:].astype(float)) / np.pi
    np.testing.assert_allclose(pdf, expected[:, 0], rtol=1e-6)
    np.testing.assert_allclose(f_cos, expected * color, rtol=1e-6)


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("roughness", [0.1, 0.3, 0.6, 1.0])
def test_metal(roughness, side):
    color = (0.9, 0.5, 0.1)
    wo, wi = hemisphere(0, side), hemisphere(1, side)
    f_cos, pdf = MaterialUnderTest(rw.Metal(color, roughness)).eval(wo, wi)
    expected, expected_pdf = metal(color, roughness, wo * (1, 1, side), wi * (1, 1, side))
    np.testing.assert_allclose(pdf, expected_pdf, rtol=1e-4)
    np.testing.assert_allclose(f_cos, expected, rtol=1e-4)


@pytest.mark.parametrize("roughness", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("degrees", [0.0, 50.0, 80.0])
def test_visible_normals_lose_only_what_is_reflected_below(roughness, degrees):
    # The share of visible normals that reflect below the horizon, from their density alone
    alpha = roughness**2
    wo = np.array([np.sin(np.radians(degrees)), 0, np.cos(np.radians(degrees))])
    n = 400
    u, phi = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n * 2 * np.pi)
    s, u = u, 1 - (1 - u) ** 2  # finer towards the horizon
    tangent = alpha * np.sqrt(u / (1 - u))  # D cos is uniform in u
    z = 1 / np.sqrt(1 + tangent**2)
    h = np.stack([tangent * z * np.cos(phi), tangent * z * np.sin(phi), z], axis=-1)
    cosine = np.maximum(0, h @ wo)
    root = np.sqrt(1 + alpha**2 * (1 - wo[2] ** 2) / wo[2] ** 2)
    weight = 2 / (1 + root) * cosine / (wo[2] * z) * 2 * (1 - s) / n**2
    assert weight.sum() == pytest.approx(1.0, abs=1e-4)
    lost = weight[2 * cosine * z - wo[2] <= 0].sum()
    numbers = np.random.default_rng(0).random((200_000, 3), np.float32)
    sample = MaterialUnderTest(rw.Metal(0.5, roughness)).sample(wo, numbers)
    missing = int((sample.pdf == 0).sum())
    assert not sample.weight[sample.pdf == 0].any()
    assert abs(missing - 2e5 * lost) < 4.0 * np.sqrt(2e5 * lost * (1 - lost)) + 2e5 * 5e-4


@pytest.mark.parametrize("ior", [1.0, 1.33, 1.5, 4.0])
def test_coated_diffuse(ior):
    color = np.array((0.2, 0.5, 1.0))
    wo, wi = hemisphere(0), hemisphere(1)
    f_cos, pdf = MaterialUnderTest(rw.Coated(rw.Diffuse(color), ior=ior)).eval(wo, wi)
    if ior == 1.0:  # no coat
        expected = wi[:, 2:].astype(float) / np.pi * color
        np.testing.assert_allclose(f_cos, expected, rtol=1e-5)
        return
    mu = (np.arange(20_000) + 0.5) / 20_000
    outer = (2 * mu * fresnel(mu, ior)).mean()
    inner = 1 - (1 - outer) / ior**2
    passed = (1 - fresnel(wo[:, 2], ior)) * (1 - fresnel(wi[:, 2], ior))
    base = color / (ior**2 * (1 - color * inner))
    expected = (passed * wi[:, 2] / np.pi)[:, None] * base
    np.testing.assert_allclose(f_cos, expected, rtol=5e-4)
    below = 1 - drawn_share(fresnel(wo[:, 2], ior))  # the brightest channel is white
    np.testing.assert_allclose(pdf, below * wi[:, 2] / np.pi, rtol=1e-3, atol=1e-6)


def test_coated_metal():
    color, ior = (0.9, 0.5, 0.1), 1.5
    wo, wi = hemisphere(0), hemisphere(1)
    f_cos, pdf = MaterialUnderTest(rw.Coated(rw.Metal(color, 0.4), ior=ior)).eval(wo, wi)
    base, base_pdf = metal(color, 0.4, wo, wi)
    there, back = 1 - fresnel(wo[:, 2], ior), 1 - fresnel(wi[:, 2], ior)
    np.testing.assert_allclose(f_cos, base * (there * back)[:, None], rtol=2e-4)
    below = 1 - drawn_share(fresnel(wo[:, 2], ior))
    np.testing.assert_allclose(pdf, base_pdf * below, rtol=1e-3)


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("ior", [1.0, 1.33, 1.5, 4.0])
def test_dielectric(ior, side):
    color = np.array((0.5, 0.75, 1.0))
    material = MaterialUnderTest(rw.Dielectric(ior, color=color))
    wo = hemisphere(0, side)
    numbers = np.random.default_rng(1).random((COUNT, 3), np.float32)
    sample = material.sample(wo, numbers)
    eta = ior if side > 0 else 1 / ior
    reflectance = fresnel(np.abs(wo[:, 2].astype(float)), eta) if ior > 1 else np.zeros(COUNT)
    reflected = sample.wi[:, 2] * side > 0
    certain = np.abs(numbers[:, 2] - reflectance) > 1e-5
    np.testing.assert_array_equal(reflected[certain], (numbers[:, 2] < reflectance)[certain])
    assert np.all(sample.specular)
    assert not sample.pdf.any()
    np.testing.assert_array_equal(sample.wi[reflected], wo[reflected] * (-1, -1, 1))
    np.testing.assert_array_equal(sample.weight[reflected], 1.0)
    np.testing.assert_array_equal(sample.eta[reflected], 1.0)
    through = ~reflected
    # Snell's law, in the plane of incidence, on the other side
    np.testing.assert_allclose(
        sample.wi[through, :2] * eta, -wo[through, :2], atol=1e-6 * max(1, eta)
    )
    np.testing.assert_allclose(np.linalg.norm(sample.wi[through], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(
        sample.weight[through], np.broadcast_to(color / eta**2, (through.sum(), 3)), rtol=1e-5
    )
    np.testing.assert_allclose(sample.eta[through], eta, rtol=1e-6)
    f_cos, pdf = material.eval(wo, hemisphere(2))
    assert not f_cos.any()
    assert not pdf.any()


def test_light_goes_the_same_way_back_through_glass():
    # Refracted in and out again, a direction comes back, and its radiance with it.
    material = MaterialUnderTest(rw.Dielectric(1.5))
    wo = hemisphere(0)
    through = np.full((COUNT, 3), 1 - 2.0**-24, np.float32)
    inside = material.sample(wo, through)
    outside = material.sample(inside.wi, through)
    back = outside.wi[:, 2] > 0
    assert back.mean() > 0.999  # no total reflection where the light came in
    np.testing.assert_allclose(outside.wi[back], wo[back], atol=2e-5)
    np.testing.assert_allclose((inside.weight * outside.weight)[back], 1.0, rtol=1e-5)


def conductor(cosine, n, k):
    """Fresnel's equations in complex numbers."""
    index = n - 1j * k
    cos_t = np.sqrt(1 - (1 - cosine**2) / index**2)
    senkrecht = (cosine - index * cos_t) / (cosine + index * cos_t)
    parallel = (index * cosine - cos_t) / (index * cosine + cos_t)
    return 0.5 * (np.abs(senkrecht) ** 2 + np.abs(parallel) ** 2)


@pytest.mark.parametrize("metal", ["gold", "silver", "copper", "aluminium", "odd"])
def test_conductors_reflect_as_the_equations_say(metal):
    tint = np.array((1.0, 0.5, 0.25))
    material = rw.Conductor(metal, color=tint) if metal != "odd" else None
    if material is None:  # no absorption: a dielectric; no refraction; a strong absorber
        material = rw.Conductor((1.5, 1.0, 0.2), (0.0, 0.0, 8.0), color=tint)
    wo = hemisphere(0)
    sample = MaterialUnderTest(material).sample(wo, np.zeros((COUNT, 3)))
    np.testing.assert_array_equal(sample.wi, wo * (-1, -1, 1))
    cosine = wo[:, 2].astype(float)
    expected = np.stack(
        [conductor(cosine, n, k) for n, k in zip(material.eta, material.k, strict=True)], axis=1
    )
    np.testing.assert_allclose(sample.weight, expected * tint, atol=3e-6)
    if metal == "odd":
        np.testing.assert_allclose(sample.weight[:, 0], fresnel(cosine, 1.5), atol=3e-6)
    else:  # at right angles, ((n - 1)^2 + k^2) / ((n + 1)^2 + k^2)
        n, k = np.array(material.eta), np.array(material.k)
        head_on = MaterialUnderTest(material).sample((0, 0, 1), np.zeros((1, 3)))
        expected = ((n - 1) ** 2 + k**2) / ((n + 1) ** 2 + k**2)
        np.testing.assert_allclose(head_on.weight[0], expected * tint, rtol=1e-5)


def test_a_coat_lowers_the_index_of_what_it_covers():
    # Gold seen in a medium of index 1.5: all indices are relative to it.
    gold = rw.Conductor("gold")
    coated = MaterialUnderTest(rw.Coated(gold, ior=1.5))
    numbers = np.full((1, 3), 0.99)  # past the reflection of the coat
    weight = coated.sample((0, 0, 1), numbers).weight[0]
    n, k = np.array(gold.eta) / 1.5, np.array(gold.k) / 1.5
    np.testing.assert_allclose(weight, 0.04 + conductor(1.0, n, k) * (1 - 0.04) ** 2, rtol=1e-5)


@pytest.mark.parametrize("ior", [1.33, 1.5, 2.4])
def test_fresnel_in_closed_form(ior):
    material = MaterialUnderTest(rw.Dielectric(ior))

    def reflected(wo):
        """The share that is reflected, by bisection of the number that chooses."""
        low, high = 0.0, 1.0
        for _ in range(24):
            middle = 0.5 * (low + high)
            if material.sample(wo, [(0, 0, middle)]).wi[0, 2] * wo[2] > 0:
                low = middle
            else:
                high = middle
        return low

    assert reflected((0, 0, 1)) == pytest.approx(((ior - 1) / (ior + 1)) ** 2, abs=1e-6)
    # At Brewster's angle, tan = n, half of what the other polarisation reflects
    angle = np.arctan(ior)
    brewster = (np.sin(angle), 0, np.cos(angle))
    expected = 0.5 * ((1 - ior**2) / (1 + ior**2)) ** 2
    assert reflected(brewster) == pytest.approx(expected, abs=1e-6)
    critical = np.arcsin(1 / ior)
    total = (np.sin(critical + 1e-3), 0, -np.cos(critical + 1e-3))
    assert reflected(total) > 1 - 1e-6
    partial = (np.sin(critical - 1e-3), 0, -np.cos(critical - 1e-3))
    assert reflected(partial) < 0.9


@pytest.mark.parametrize("ior", [1.33, 1.5, 2.4])
def test_a_pane_lets_light_straight_through(ior):
    color = np.array((0.5, 0.75, 1.0))
    material = MaterialUnderTest(rw.Dielectric(ior, thin=True, color=color))
    wo = hemisphere(0)
    numbers = np.random.default_rng(1).random((COUNT, 3), np.float32)
    sample = material.sample(wo, numbers)
    r = fresnel(wo[:, 2].astype(float), ior)
    both = r + (1 - r) ** 2 * r / (1 - r**2)  # r + t r t + t r^3 t + ...
    certain = np.abs(numbers[:, 2] - both) > 1e-5
    reflected = sample.wi[:, 2] > 0
    np.testing.assert_array_equal(reflected[certain], (numbers[:, 2] < both)[certain])
    np.testing.assert_array_equal(sample.wi[~reflected], -wo[~reflected])
    np.testing.assert_allclose(
        sample.weight[~reflected], np.broadcast_to(color, ((~reflected).sum(), 3)), rtol=1e-6
    )
    assert np.all(sample.specular)
    assert np.all(sample.eta == 1)


def test_rough_glass_tends_to_smooth_glass():
    wo = np.array((0.6, 0, 0.8))
    numbers = np.random.default_rng(3).random((COUNT, 3), np.float32)
    rough = MaterialUnderTest(rw.Dielectric(1.5, roughness=0.05)).sample(wo, numbers)
    smooth = MaterialUnderTest(rw.Dielectric(1.5)).sample(wo, numbers)
    same = rough.wi[:, 2] * smooth.wi[:, 2] > 0
    assert same.mean() > 0.99
    assert np.median(np.abs(rough.wi - smooth.wi)[same]) < 0.01
    np.testing.assert_allclose(
        rough.weight[same & (rough.pdf > 0)].mean(0), smooth.weight[same].mean(0), rtol=2e-3
    )


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_mirrors(side):
    for material, coat in (
        (rw.Metal((0.9, 0.5, 0.1)), 0),
        (rw.Coated(rw.Metal((0.9, 0.5, 0.1))), 1),
    ):
        under_test = MaterialUnderTest(material)
        wo = hemisphere(0, side)
        numbers = np.random.default_rng(1).random((COUNT, 3), np.float32)
        sample = under_test.sample(wo, numbers)
        np.testing.assert_array_equal(sample.wi, wo * (-1, -1, 1))
        assert np.all(sample.specular)
        cosine = np.abs(wo[:, 2:].astype(float))
        schlick = (0.9, 0.5, 0.1) + (1 - np.array((0.9, 0.5, 0.1))) * (1 - cosine) ** 5
        reflected = fresnel(cosine, 1.5)
        # Coat and metal mirror alike: nothing is left to chance.
        expected = reflected + schlick * (1 - reflected) ** 2 if coat else schlick
        np.testing.assert_allclose(sample.weight, expected, rtol=1e-4)


def test_black_reflects_nothing():
    material = MaterialUnderTest(rw.Emissive(3))
    wo = hemisphere(0)
    assert not material.eval(wo, hemisphere(1))[0].any()
    assert not material.sample(wo, np.random.default_rng(0).random((COUNT, 3))).weight.any()


@pytest.mark.parametrize(
    "material",
    [
        rw.Diffuse(1),
        rw.Metal(1, 0.3),
        rw.Metal(1),
        rw.Metal(1, 1, compensate=True),
        rw.Conductor("gold", roughness=0.2),
        rw.Conductor("gold"),
        rw.Dielectric(),
        rw.Dielectric(roughness=0.04),
        rw.Dielectric(1.01, roughness=0.1),
        rw.Dielectric(roughness=1, compensate=True),
        rw.Dielectric(thin=True),
        rw.Dielectric(thin=True, roughness=0.5),
        rw.Coated(rw.Diffuse(1)),
        rw.Principled(1, roughness=0, clearcoat=1, sheen_color=1, transmission=0.5),
        rw.Principled(0, specular=0),
    ],
)
def test_directions_along_the_surface_are_harmless(material):
    under_test = MaterialUnderTest(material)
    numbers = np.random.default_rng(0).random((2000, 3), np.float32)
    numbers[:4] = [(0, 0, 0), (1 - 2.0**-24,) * 3, (0, 1 - 2.0**-24, 0), (1 - 2.0**-24, 0, 0)]
    for z in (0.0, -0.0, 1e-30, 1e-8, -1e-8):
        wo = np.array((1, 0, z), np.float32)
        sample = under_test.sample(wo, numbers)
        for values in (sample.wi, sample.weight, sample.pdf, sample.eta):
            assert np.all(np.isfinite(values)), z
        assert sample.weight.min() >= 0
        f_cos, pdf = under_test.eval(wo, hemisphere(1)[:2000])
        assert np.all(np.isfinite(f_cos))
        assert np.all(np.isfinite(pdf))


def test_a_coat_is_drawn_more_often_than_it_weighs_and_weighs_what_it_reflects():
    wo = np.array((0.6, 0, 0.8))
    numbers = np.random.default_rng(3).random((200_000, 3), np.float32)
    sample = MaterialUnderTest(rw.Coated(rw.Diffuse(0.5))).sample(wo, numbers)
    expected = float(fresnel(np.array([0.8]), 1.5)[0])
    often = float(drawn_share(expected, 0.5))
    assert often > 5 * expected
    assert stats.binomtest(int(sample.specular.sum()), 200_000, often).pvalue > 0.001
    np.testing.assert_allclose(sample.weight[sample.specular], expected / often, rtol=1e-4)


# --- Principled: where it must be another material, it is -----------------------------------------


def both_evals(a, b, side=1.0):
    wo, wi = hemisphere(0), hemisphere(1, side)
    return MaterialUnderTest(a).eval(wo, wi), MaterialUnderTest(b).eval(wo, wi)


@pytest.mark.parametrize("roughness", [0.2, 0.7])
@pytest.mark.parametrize("compensate", [True, False])
def test_metallic_is_metal(roughness, compensate):
    color = (0.9, 0.5, 0.1)
    principled = rw.Principled(color, metallic=1, roughness=roughness, compensate=compensate)
    (f, _), (expected, _) = both_evals(
        principled, rw.Metal(color, roughness, compensate=compensate)
    )
    np.testing.assert_allclose(f, expected, rtol=2e-4, atol=1e-7)


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("thin", [True, False])
def test_transmission_is_glass(side, thin):
    options = {"roughness": 0.6, "thin": thin}
    principled = rw.Principled((0.9, 0.5, 0.1), transmission=1, ior=1.33, **options)
    glass = rw.Dielectric(1.33, color=(0.9, 0.5, 0.1), compensate=True, **options)
    (f, pdf), (expected, expected_pdf) = both_evals(principled, glass, side)
    np.testing.assert_allclose(f, expected, rtol=1e-5)
    np.testing.assert_allclose(pdf, expected_pdf, rtol=1e-5)


def test_paint_without_gloss_is_diffuse():
    (f, _), (expected, _) = both_evals(
        rw.Principled((0.9, 0.5, 0.1), specular=0), rw.Diffuse((0.9, 0.5, 0.1))
    )
    np.testing.assert_allclose(f, expected, rtol=1e-5)


def test_gloss_of_paint_is_that_of_its_index():
    # At right angles ((n - 1) / (n + 1))^2, tinted; grazing, white.
    color = np.array((1.0, 0.5, 0.25))
    paint = rw.Principled(0, ior=1.6, roughness=0.4, specular=0.8, specular_color=color)
    f0 = color * (0.6 / 2.6) ** 2
    wo, wi = hemisphere(0), hemisphere(1)
    f, _ = MaterialUnderTest(paint).eval(wo, wi)
    white, _ = MaterialUnderTest(rw.Metal(1, 0.4)).eval(wo, wi)
    h = wo.astype(float) + wi
    h /= np.linalg.norm(h, axis=1, keepdims=True)
    weight = (1 - (wo * h).sum(axis=1, keepdims=True)) ** 5
    expected = white * 0.8 * (f0 + (1 - f0) * weight)
    np.testing.assert_allclose(f, expected, rtol=1e-3, atol=1e-7)


def test_a_clear_coat_adds_its_own_gloss():
    bare = rw.Principled(0, specular=0)
    coated = rw.Principled(0, specular=0, clearcoat=0.6, clearcoat_roughness=0.4)
    (f, _), (nothing, _) = both_evals(coated, bare)
    assert not nothing.any()
    gloss = rw.Principled(0, roughness=0.4)  # index 1.5: F0 is 0.04
    (expected, _), _ = both_evals(gloss, bare)
    np.testing.assert_allclose(f, 0.6 * expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("roughness", [0.3, 0.6, 1.0])
def test_sheen_is_charlie(roughness):
    cloth = rw.Principled(0, specular=0, sheen_color=(1, 0.5, 0), sheen_roughness=roughness)
    wo, wi = hemisphere(0), hemisphere(1)
    f, _ = MaterialUnderTest(cloth).eval(wo, wi)
    alpha = roughness**2
    h = wo.astype(float) + wi
    h /= np.linalg.norm(h, axis=1, keepdims=True)
    d = (2 + 1 / alpha) * np.sqrt(1 - h[:, 2] ** 2) ** (1 / alpha) / (2 * np.pi)

    def fitted(x):  # Estevez and Kulla 2017, table 1
        p0 = np.array([25.3245, 3.32435, 0.16801, -1.27393, -4.85967])
        p1 = np.array([21.5473, 3.82987, 0.19823, -1.97760, -4.32054])
        a, b, c, d, e = (1 - alpha) ** 2 * p0 + (1 - (1 - alpha) ** 2) * p1
        return a / (1 + b * x**c) + d * x + e

    def smith(cosine):
        small = np.exp(fitted(np.minimum(cosine, 0.5)))
        large = np.exp(2 * fitted(0.5) - fitted(1 - np.maximum(cosine, 0.5)))
        return np.where(cosine < 0.5, small, large)

    o, i = wo[:, 2].astype(float), wi[:, 2].astype(float)
    visible = np.minimum(1, 1 / ((1 + smith(o) + smith(i)) * 4 * o * i))
    expected = (d * visible * i)[:, None] * (1, 0.5, 0)
    np.testing.assert_allclose(f, expected, rtol=2e-3, atol=1e-7)


def test_sheen_hides_what_is_below_by_its_albedo():
    wo = np.array((0.6, 0, 0.8))
    numbers = np.random.default_rng(0).random((200_000, 3), np.float32)
    fibres = rw.Principled(0, specular=0, sheen_color=0.8, sheen_roughness=0.5)
    white = rw.Principled(1, specular=0, sheen_color=0.8, sheen_roughness=0.5)
    of_fibres = MaterialUnderTest(fibres).sample(wo, numbers).weight[:, 0].astype(float)
    of_both = MaterialUnderTest(white).sample(wo, numbers).weight[:, 0].astype(float)
    assert 0.02 < of_fibres.mean() < 0.8
    assert 0.9 < of_both.mean() < 1.0 + 4 * of_both.std() / np.sqrt(200_000)


def test_parameters_of_principled_may_be_textures():
    names = ("metallic", "roughness", "specular", "transmission", "clearcoat")
    names += ("clearcoat_roughness", "sheen_roughness")
    numbers = {name: 0.1 + 0.1 * k for k, name in enumerate(names)}
    colors = {"base_color": (0.9, 0.5, 0.1), "specular_color": 0.7, "sheen_color": (0, 0.2, 0.4)}
    plain = rw.Principled(**numbers, **colors)
    textured = rw.Principled(
        **{name: rw.Gradient(value, value) for name, value in {**numbers, **colors}.items()}
    )
    for side in (1.0, -1.0):
        (f, pdf), (expected, expected_pdf) = both_evals(textured, plain, side)
        np.testing.assert_allclose(f, expected, rtol=1e-4)
        np.testing.assert_allclose(pdf, expected_pdf, rtol=1e-4)
