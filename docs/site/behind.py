"""What is behind a name: its formula, where that comes from, and the tests that hold it."""

from __future__ import annotations

from typing import NamedTuple


class Behind(NamedTuple):
    """Of one name. Text is reStructuredText; a test is ``file::function`` below ``tests/``."""

    formula: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]


_SAMPLED = (
    "statistical/test_bsdf_sampling.py::test_samples_follow_their_density",
    "statistical/test_bsdf_sampling.py::test_energy_is_not_created",
)
_MITSUBA = "mitsuba/test_against_mitsuba.py::test_both_renderers_show_the_same"

_WALTER = (
    "Walter, Marschner, Li and Torrance 2007, *Microfacet models for refraction through rough "
    "surfaces* (GGX, Smith's masking)"
)
_VISIBLE = (
    "Dupuy and Benyoub 2023, *Sampling visible GGX normals with spherical caps*; the density is that "
    "of Heitz 2018, *Sampling the GGX distribution of visible normals*"
)
_SCHLICK = "Schlick 1994, *An inexpensive BRDF model for physically-based rendering*"
_KULLA = "Kulla and Conty 2017, *Revisiting physically based shading at Imageworks* (`compensate`)"
_VEACH = "Veach 1997, *Robust Monte Carlo methods for light transport simulation*"
_HENYEY = "Henyey and Greenstein 1941, *Diffuse radiation in the galaxy*"
_NOVAK = (
    "Novák, Georgiev, Hanika and Jarosz 2018, *Monte Carlo methods for volumetric light transport*"
)

_MICROFACETS = r"""
With :math:`\alpha = \text{roughness}^2`, the half vector :math:`m` between :math:`\omega_o` and
:math:`\omega_i`, and a surface that is a perfect mirror where :math:`\alpha < 10^{-3}`:

.. math::

   f(\omega_o, \omega_i) = \frac{F(\omega_o \cdot m)\, D(m)\, G_1(\omega_o)\, G_1(\omega_i)}
   {4 \cos\theta_o \cos\theta_i}

   D(m) = \frac{\alpha^2}{\pi \left(\cos^2\theta_m\, (\alpha^2 - 1) + 1\right)^2}, \quad
   G_1(\omega) = \frac{2}{1 + \sqrt{1 + \alpha^2 \tan^2\theta}}
"""

BEHIND: dict[str, Behind] = {
    "Diffuse": Behind(
        r"""
.. math::

   f(\omega_o, \omega_i) = \frac{\rho}{\pi}

with the colour :math:`\rho`, on both sides.
""",
        ("Lambert 1760, *Photometria*",),
        (
            *_SAMPLED,
            "statistical/test_pictures.py::test_furnace_under_a_sky",
            "statistical/test_pictures.py::test_light_of_a_ball_on_a_floor",
        ),
    ),
    "Metal": Behind(
        _MICROFACETS
        + r"""
.. math::

   F(u) = c + (1 - c) (1 - u)^5

with the colour :math:`c`.
""",
        (_WALTER, _SCHLICK, _VISIBLE, _KULLA),
        (
            *_SAMPLED,
            "statistical/test_bsdf_sampling.py::test_nothing_is_lost_where_multiple_scattering_is_given_back",
            "statistical/test_pictures.py::test_rough_metal_loses_light_and_makes_none",
        ),
    ),
    "Conductor": Behind(
        _MICROFACETS
        + r"""
.. math::

   F(u) = \frac{1}{2} \left(
   \left| \frac{u - q}{u + q} \right|^2 +
   \left| \frac{n^2 u - q}{n^2 u + q} \right|^2 \right), \quad
   n = \eta + i k, \quad q = \sqrt{n^2 - 1 + u^2}

in red, green and blue.
""",
        ("Fresnel's equations, with a complex index", _WALTER, _VISIBLE, _KULLA),
        (
            *_SAMPLED,
            "statistical/test_bsdf_sampling.py::test_reflection_is_reciprocal",
        ),
    ),
    "Dielectric": Behind(
        r"""
Smooth, the share :math:`F` is reflected and the rest refracted, from the side of index
:math:`\eta_o` to that of :math:`\eta_i`:

.. math::

   \eta_o \sin\theta_o = \eta_i \sin\theta_i

   F = \frac{1}{2} \left(
   \left( \frac{\eta_o \cos\theta_o - \eta_i \cos\theta_i}{\eta_o \cos\theta_o + \eta_i \cos\theta_i} \right)^2 +
   \left( \frac{\eta_i \cos\theta_o - \eta_o \cos\theta_i}{\eta_i \cos\theta_o + \eta_o \cos\theta_i} \right)^2
   \right)

Rough, each microfacet does so, by the distribution of `Metal`. A thin pane reflects
:math:`2 F / (1 + F)` and lets the rest pass straight on.
""",
        ("Fresnel's equations", _WALTER, _KULLA),
        (
            *_SAMPLED,
            "statistical/test_pictures.py::test_light_through_a_pane",
            "statistical/test_closed_forms.py::test_a_panel_seen_through_a_slab",
            "statistical/test_closed_forms.py::test_a_slab_that_absorbs",
            "statistical/test_pictures_of_shapes.py::test_glass_furnace",
        ),
    ),
    "Coated": Behind(
        r"""
The coat reflects as a mirror, by Fresnel's equations. What goes through it and comes back from a
matte base, any number of times, is

.. math::

   f(\omega_o, \omega_i) = \frac{(1 - F(\theta_o)) (1 - F(\theta_i))}{\eta^2}
   \frac{\rho}{\pi (1 - \rho F_\text{in})}

where :math:`F_\text{in}` is what the coat reflects of diffuse light from below.
""",
        ("Jakob 2010, *Mitsuba renderer*, the material ``plastic`` with ``nonlinear``",),
        (*_SAMPLED, "statistical/test_bsdf_sampling.py::test_reflection_is_reciprocal"),
    ),
    "Emissive": Behind(
        r"""
.. math::

   L_o(\omega_o) = L \quad \text{where} \quad \omega_o \cdot n > 0

and nothing on the other side: :math:`\pi L` W/m² leave it.
""",
        (),
        (
            "statistical/test_pictures.py::test_depth_1_shows_emission_only",
            "statistical/test_pictures.py::test_light_of_a_panel_on_a_floor",
        ),
    ),
    "Interface": Behind(
        "Light passes straight on; what is inside acts as a `HomogeneousMedium` does.",
        (),
        ("statistical/test_media.py::test_an_interface_does_not_count",),
    ),
    "ShadowCatcher": Behind(
        r"""
Where the camera sees it, alpha is what is missing of the light that would reach the point from lamps
and environment,

.. math::

   \alpha = 1 - \frac{\int L \, V \cos\theta \, d\omega}{\int L \cos\theta \, d\omega}

with :math:`V` = 0 where something stands in the way, else 1. Of 16 candidates for a direction, drawn
from the lights, and 16 from a sky that is no light of its own, one is kept by what it brings, and its
:math:`V` is the estimate.
""",
        (
            "Talbot, Cline and Egbert 2005, *Importance resampling for global illumination*",
            _SCHLICK,
        ),
        (
            "statistical/test_shadow_catcher.py::test_its_share_is_that_of_a_matte_ground",
            "statistical/test_shadow_catcher.py::test_a_cut_out_laid_over_a_picture_is_the_render_before_it",
            "statistical/test_shadow_catcher.py::test_a_coat_shows_things_and_not_the_sky",
        ),
    ),
    "Mix": Behind(
        r"""
.. math::

   f = (1 - a) f_a + a f_b

with the `amount` :math:`a`.
""",
        (),
        (
            *_SAMPLED,
            "statistical/test_surfaces.py::test_a_mixture_is_the_mean_of_its_parts",
        ),
    ),
    "Principled": Behind(
        r"""
Layers, from the top: clear coat, sheen, then metal, glass or paint. What a layer reflects, the ones
below do not get. Metal and paint reflect by the microfacets of `Metal`, with

.. math::

   F(u) = f_0 + (1 - f_0) (1 - u)^5, \quad
   f_0 = \left( \frac{\text{ior} - 1}{\text{ior} + 1} \right)^2

for paint (times `specular` and `specular_color`) and the base colour for metal. Fibres scatter by
Charlie's distribution,

.. math::

   D(m) = \frac{(2 + 1/\alpha) \sin^{1/\alpha}\theta_m}{2 \pi}
""",
        (
            "Khronos Group, *glTF 2.0 specification*, appendix B, and its extensions ``KHR_materials_*``",
            _WALTER,
            _SCHLICK,
            "Estevez and Kulla 2017, *Production friendly microfacet sheen BRDF*",
            _KULLA,
        ),
        (
            *_SAMPLED,
            "statistical/test_bsdf_sampling.py::test_nothing_is_lost_where_multiple_scattering_is_given_back",
        ),
    ),
    "HomogeneousMedium": Behind(
        r"""
Over a distance :math:`t` the share :math:`T` of the light gets through; light that is scattered by
the angle :math:`\theta` is spread by :math:`p`:

.. math::

   T = e^{-(\sigma_a + \sigma_s) t}, \quad
   p(\theta) = \frac{1}{4 \pi} \frac{1 - g^2}{(1 + g^2 - 2 g \cos\theta)^{3/2}}
""",
        ("Beer, Lambert, Bouguer", _HENYEY),
        (
            "statistical/test_media.py::test_beer_lambert",
            "statistical/test_media.py::test_phase_function_is_sampled_by_its_density",
            "statistical/test_media.py::test_single_scattering_of_parallel_light",
            "statistical/test_media.py::test_white_furnace",
        ),
    ),
    "TransferFunction": Behind(
        r"""
Of light that goes through numbers :math:`v(s)`, the share

.. math::

   T = \exp\left( -\int \text{density} \cdot \text{extinction}(v(s))\, ds \right)

gets through. It is found without bias, by delta tracking and residual ratio tracking.
""",
        (
            "Woodcock et al. 1965, *Techniques used in the GEM code for Monte Carlo neutronics*",
            _NOVAK,
        ),
        (
            "statistical/test_volumes.py::test_a_slab_of_linear_extinction",
            "statistical/test_volumes.py::test_what_glows",
            "statistical/test_volumes.py::test_a_white_furnace",
        ),
    ),
    "PointLight": Behind(
        r"""
.. math::

   E = \frac{I \cos\theta}{r^2}

arrives at a surface at distance :math:`r`, tilted by :math:`\theta`.
""",
        (),
        (
            "statistical/test_emitters.py::test_light_of_a_point_on_a_floor",
            "statistical/test_emitters.py::test_shadows_of_points",
        ),
    ),
    "SpotLight": Behind(
        r"""
.. math::

   E = \frac{I\, w(\theta_s) \cos\theta}{r^2}

where :math:`\theta_s` is the angle from the axis and :math:`w` the falloff told above.
""",
        (),
        (
            "statistical/test_emitters.py::test_light_of_a_spot_on_a_floor",
            "statistical/test_emitters.py::test_a_spot_with_a_disc",
            "statistical/test_sizes_and_places.py::test_spots_with_narrow_cones",
        ),
    ),
    "DirectionalLight": Behind(
        r"""
.. math::

   E = E_\perp \cos\theta

at any place, with the `irradiance` :math:`E_\perp`.
""",
        (),
        ("statistical/test_emitters.py::test_light_from_one_direction_on_a_floor",),
    ),
    "ConstantEnvironment": Behind(
        r":math:`L(\omega) = L` from everywhere: :math:`\pi L` W/m² on what sees half of it.",
        (),
        ("statistical/test_pictures.py::test_furnace_under_a_sky",),
    ),
    "GradientEnvironment": Behind(
        r"""
.. math::

   L(\omega) = L_b + (L_t - L_b) \frac{1 + \omega \cdot u}{2}

with :math:`L_b` the radiance from below, :math:`L_t` that from above, and :math:`u` straight up.
""",
        (),
        (
            "statistical/test_pictures.py::test_light_of_a_gradient_on_a_floor",
            "statistical/test_light_sampling.py::test_environments_are_those_of_the_description",
        ),
    ),
    "ImageEnvironment": Behind(
        r"""
Bilinear between texels. Texels are drawn by their radiance times :math:`\sin\theta`, the angle from
the pole; then a direction within, by the bilinear radiance.
""",
        ("Pharr, Jakob and Humphreys, *Physically based rendering*, 4th edition, 12.5",),
        (
            "statistical/test_emitters.py::test_directions_follow_the_image",
            "statistical/test_emitters.py::test_radiance_is_bilinear_between_texels",
            "statistical/test_emitters.py::test_light_of_an_image_on_a_floor",
            "statistical/test_emitters.py::test_a_turned_environment_is_a_turned_scene",
        ),
    ),
    "SkyEnvironment": Behind(
        r"""
With :math:`\theta` the angle from straight above and :math:`\gamma` that from the sun, the radiance
of each channel is

.. math::

   L = M \left(1 + A e^{B / (\cos\theta + 0.01)}\right)
   \left(C + D e^{E \gamma} + F \cos^2\gamma + G\,\chi(H, \gamma) + I \sqrt{\cos\theta}\right),
   \quad \chi(g, \alpha) = \frac{1 + \cos^2\alpha}{(1 + g^2 - 2 g \cos\alpha)^{3/2}}

where :math:`A` to :math:`I` and :math:`M` follow from turbidity, the ground's albedo and the sun's
elevation, by tables that the authors have published. So does the spectrum of the sun's disc at its
elevation, which a polynomial darkens towards the rim.
""",
        (
            "Hosek and Wilkie 2012, *An analytic model for full spectral sky-dome radiance*",
            "Hosek and Wilkie 2013, *Adding a solar radiance function to the Hosek-Wilkie skylight model*",
            "Michalsky 1988, *The Astronomical Almanac's algorithm for approximate solar position*",
        ),
        (
            "unit/scene/emitters/test_sky.py::test_where_the_sun_stands",
            "unit/scene/emitters/test_sky.py::test_the_sky_is_that_of_the_published_program",
            "unit/scene/emitters/test_sky.py::test_the_sun_is_that_of_the_published_program",
            "unit/scene/emitters/test_sky.py::test_the_picture_holds_sky_and_sun",
        ),
    ),
    "StudioEnvironment": Behind(
        "An image of 512 x 256 texels, made from its numbers; light is drawn as from any image.",
        (),
        ("unit/staging/test_studio.py::test_a_white_ground_looks_white_and_shadows_fall_on_it",),
    ),
    "Portal": Behind(
        r"""
From a point, directions :math:`(x, y, 1)` in the frame of the opening are drawn in the coordinates
:math:`s = x / (1 + |x|)` and :math:`t = y / (1 + |y|)`, in which the opening is a rectangle: sums
over a map of the sky tell how much light comes through it, and where it comes from. The map is that
of all directions; the opening is cut out of it at each point.
""",
        (
            "Bitterli, Novák and Jarosz 2015, *Portal-masked environment map sampling*",
            "Crow 1984, *Summed-area tables for texture mapping*",
        ),
        (
            "statistical/test_portals.py::test_directions_follow_their_density",
            "statistical/test_portals.py::test_irradiance_through_an_opening",
            "statistical/test_portals.py::test_the_picture_is_the_same_in_the_mean",
            "statistical/test_portals.py::test_portals_may_be_wrong",
        ),
    ),
    "ColorMap": Behind(
        r"""
.. math::

   \text{colour} = \text{map}\left[ \left\lfloor N \frac{v - v_0}{v_1 - v_0} \right\rfloor \right]

of :math:`N` colours, between the limits :math:`v_0` and :math:`v_1`; of logarithms with `log`.
""",
        ("matplotlib's rule for ``Colormap.__call__``",),
        ("unit/scene/textures/test_colormaps.py",),
    ),
    "RenderSettings": Behind(
        r"""
A pixel is the mean of its filter over

.. math::

   L_o(x, \omega_o) = L_e(x, \omega_o) +
   \int f(\omega_o, \omega_i)\, L_i(x, \omega_i)\, |\cos\theta_i|\, d\omega_i

found by paths from the camera; emission that is found in two ways is weighted by the power heuristic.
""",
        (
            "Kajiya 1986, *The rendering equation*",
            _VEACH,
            "Conty Estevez and Kulla 2018, *Importance sampling of many lights with adaptive tree "
            "splitting*",
            "Ernst, Stamminger and Greiner 2006, *Filter importance sampling*",
        ),
        (
            "statistical/test_pictures.py::test_next_event_estimation_changes_only_the_noise",
            "statistical/test_pictures.py::test_roulette_changes_only_the_noise",
            "statistical/test_bdpt.py::test_bdpt_shows_what_path_shows",
            "statistical/test_caustics.py::test_the_picture_is_the_same_in_the_mean",
            "statistical/test_filters.py::test_samples_follow_the_filter",
            "statistical/test_adaptive_pictures.py::test_there_is_no_bias",
        ),
    ),
    "Image": Behind(
        "",
        (
            "Intel Open Image Denoise",
            "Rousselle, Knaus and Zwicker 2012, *Adaptive rendering with non-local means filtering*",
        ),
        (
            "statistical/test_noise_estimate.py::test_the_estimate_is_right_on_average",
            "unit/picture/test_denoising.py",
        ),
    ),
    "PerspectiveCamera": Behind(
        r"""
A thin lens: what lies :math:`f` = `focus_distance` away along the axis is sharp; a point at distance
:math:`d` becomes a disk whose radius, on the plane in focus, is :math:`r\, |d - f| / d` with the
`aperture_radius` :math:`r`.
""",
        ("Cook, Porter and Carpenter 1984, *Distributed ray tracing*",),
        ("statistical/test_closed_forms.py::test_the_circle_of_confusion",),
    ),
    "Volume": Behind(
        "",
        (_NOVAK,),
        (
            "statistical/test_volumes.py::test_a_slab_of_constant_extinction",
            "statistical/test_volumes.py::test_turned_volumes_are_what_is_turned",
        ),
    ),
    "isosurface": Behind(
        "",
        (
            "Lewiner, Lopes, Vieira and Tavares 2003, *Efficient implementation of marching cubes' "
            "cases with topological guarantees*",
        ),
        ("unit/io/test_isosurfaces.py", "unit/adapters/test_cuts_of_things.py"),
    ),
    "keyframes": Behind(
        "",
        ("Catmull and Rom 1974, *A class of local interpolating splines*",),
        ("unit/scene/test_keyframes.py",),
    ),
    "Instances": Behind(
        "", (), ("statistical/test_pictures.py::test_copies_are_as_good_as_meshes",)
    ),
    "Sphere": Behind(
        "", (), ("statistical/test_pictures_of_shapes.py::test_formulas_look_like_fine_meshes",)
    ),
    "Spheres": Behind(
        "", (), ("statistical/test_pictures_of_shapes.py::test_many_are_like_single_ones",)
    ),
    "Cylinder": Behind(
        "", (), ("statistical/test_pictures_of_shapes.py::test_formulas_look_like_fine_meshes",)
    ),
    "Cone": Behind(
        "", (), ("statistical/test_pictures_of_shapes.py::test_formulas_look_like_fine_meshes",)
    ),
    "Disk": Behind(
        "", (), ("statistical/test_pictures_of_shapes.py::test_formulas_shine_like_fine_meshes",)
    ),
    "Plane": Behind(
        "", (), ("statistical/test_cuts.py::test_a_cut_is_what_is_made_without_the_rest",)
    ),
}
