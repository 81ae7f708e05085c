"""Values on shapes in pictures: the colours of matplotlib, and edits that build no trees."""

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import LogNorm, Normalize

import raywidget as rw
from raywidget.compiler import scene_tables as compiled
from raywidget.engine.renderer import Renderer
from raywidget.engine.settings import RenderSettings
from raywidget.scene.edits import edit_scene

MAPS = ["viridis", "turbo", "coolwarm", "tab10", "RdBu_r", "twilight"]
N = 24


def looking(width, height):
    centre = (width / 2, height / 2)
    return rw.OrthographicCamera(look_from=(*centre, 5), look_at=(*centre, 0), height=height)


def picture(shape, width=N, height=1, **more):
    scene = rw.Scene([shape], camera=looking(width, height))
    return rw.render(scene, width=width, height=height, spp=1, filter="box", **more)


def screen(image):
    """What a screen shows: bytes."""
    return np.asarray(image.to_uint8(), float)[..., :3]


def strip(columns=N, **more):
    """So many unit squares in a row, of two triangles each."""
    across = np.arange(columns + 1)
    vertices = [(x, y, 0) for x in across for y in (0, 1)]
    faces = []
    for i in range(0, 2 * columns, 2):
        faces += [(i, i + 2, i + 3), (i, i + 3, i + 1)]
    return rw.Mesh(vertices, faces, unlit=1, name="strip", **more)


def wanted(name, norm, values):
    """Colours of matplotlib, and those of values that float32 can't tell apart between the limits:
    at the edge of a colour either will do.
    """
    given_map = matplotlib.colormaps[name].with_extremes(bad="lime", under="cyan", over="magenta")
    v = np.float32(values)
    step = np.float32(0 if isinstance(norm, LogNorm) else (norm.vmax - norm.vmin) * 2.0**-23)
    around = (v, np.nextafter(v - step, -np.inf), np.nextafter(v + step, np.inf))
    masked = [np.ma.masked_invalid(w.astype(float)) for w in around]
    for m, w in zip(masked, around, strict=True):
        m.mask = np.isnan(w)
    return [255.0 * given_map(norm(m))[..., :3] for m in masked]


def off(found, choices):
    return np.min([np.abs(found - choice).max(axis=-1) for choice in choices], axis=0).max()


numbers = st.one_of(
    st.floats(-200, 200, width=32), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 100.0, -100.0])
)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(MAPS),
    st.lists(numbers, min_size=N, max_size=N).filter(lambda v: np.isfinite(v).any()),
    st.sampled_from([(-100, 100), (0, 1), (-3.5, 7.25), (99, 100)]),
)
def test_faces_have_the_colours_of_matplotlib(name, values, limits):
    heat = rw.ColorMap(name, limits=limits, nan="lime", below="cyan", above="magenta")
    image = picture(strip(values=np.repeat(values, 2), colormap=heat))
    assert off(screen(image)[0], wanted(name, Normalize(*limits), values)) <= 1.0


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(MAPS),
    st.lists(st.floats(2.0**-20, 2.0**20, width=32), min_size=N, max_size=N),
)
def test_logarithms_have_the_colours_of_matplotlib(name, values):
    heat = rw.ColorMap(name, limits=(1e-3, 1e3), log=True, below="cyan", above="magenta")
    image = picture(strip(values=np.repeat(values, 2), colormap=heat))
    assert off(screen(image)[0], wanted(name, LogNorm(1e-3, 1e3), values)) <= 1.0


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(MAPS), st.floats(-5, 5, width=32), st.floats(1, 100, width=32))
def test_between_vertices_values_are_interpolated_then_coloured(name, low, slope):
    # Linear in x: each pixel's ray has its place, and with it its value, in `position`.
    at_vertices = np.repeat(low + slope * np.arange(N + 1), 2)
    heat = rw.ColorMap(name, limits=(low, low + slope * N), below="cyan", above="magenta")
    image = picture(
        strip(values=at_vertices, colormap=heat), sampler="independent", aovs=("position", "value")
    )
    x = image.aovs["position"][0, :, 0].astype(float)
    exact = low + slope * x
    near = [exact, exact * (1 - 1e-5) - 1e-5, exact * (1 + 1e-5) + 1e-5]
    cmap = matplotlib.colormaps[name]
    choices = [255.0 * cmap(Normalize(low, low + slope * N)(v))[:, :3] for v in near]
    assert off(screen(image)[0], choices) <= 1.0
    middle = low + slope * (np.arange(N) + 0.5)
    assert np.allclose(image.aovs["value"][0], middle, rtol=1e-5, atol=1e-5)


def test_no_number_in_a_corner_is_none_in_the_triangle():
    values = np.zeros(2 * (N + 1))
    values[0] = np.nan
    heat = rw.ColorMap("gray", limits=(0, 1), nan="red")
    shown = screen(picture(strip(values=values, colormap=heat)))[0]
    assert shown[0].tolist() == [255, 0, 0]
    assert shown[2:].tolist() == [[0, 0, 0]] * (N - 2)


def things(kind, values, **more):
    centres = np.stack([np.arange(N) + 0.5, np.full(N, 0.5), np.zeros(N)], axis=1)
    if kind == "spheres":
        return rw.Spheres(centres, 0.75, values=values, **more)
    if kind == "cylinders":
        up = np.array([0, 0.75, 0])
        return rw.Cylinders(centres - up, centres + up, 0.75, values=values, **more)
    square = rw.Mesh([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [(0, 1, 2), (0, 2, 3)])
    places = [rw.transforms.translate(*c) for c in centres + np.arange(N)[:, None] * [0, 0, -0.01]]
    return rw.Instances(square, places, values=values, **more)


@pytest.mark.parametrize("kind", ["spheres", "cylinders", "copies"])
def test_items_have_their_own_values(kind):
    values = np.linspace(0, 1, N)
    heat = rw.ColorMap("turbo", limits=(0, 1))
    image = picture(things(kind, values, colormap=heat, unlit=1), aovs=("value", "object_id"))
    shown = image.aovs["value"][0]
    assert np.isin(shown, values.astype(np.float32)).all()
    assert np.array_equal(np.sort(shown), shown)
    assert len(np.unique(shown)) > N // 2
    # a second shape in front, so that primitives are numbered from elsewhere
    front = rw.Spheres([(0.5, 0.5, 2), (N - 0.5, 0.5, 2)], 0.7, values=[5, 7], unlit=1)
    scene = rw.Scene([front, things(kind, values, unlit=1)], camera=looking(N, 1))
    both = rw.render(scene, width=N, height=1, spp=1, filter="box", aovs=("value",)).aovs["value"][
        0
    ]
    assert both[[0, -1]].tolist() == [5, 7]
    assert np.array_equal(both[2:-2], shown[2:-2])


def test_cylinders_have_values_at_both_ends():
    stick = rw.Cylinders([(0, 0.5, 0)], [(N, 0.5, 0)], 0.6, values=[(0, N)], unlit=1)
    shown = picture(stick, aovs=("value",)).aovs["value"][0]
    assert np.allclose(shown, np.arange(N) + 0.5, atol=1e-4)


def test_copies_of_a_mesh_with_values_have_them():
    one = strip(columns=1, values=[3.0, 9.0], colormap="hot")
    places = [rw.transforms.translate(2 * i, 0, 0) for i in range(3)]
    both = [rw.Instances(one, places, name="a")]
    scene = rw.Scene(both, camera=looking(6, 1))
    image = rw.render(scene, width=6, height=1, spp=1, filter="box", aovs=("value",))
    found = image.aovs["value"][0]
    assert set(found[::2].tolist()) <= {3.0, 9.0}
    assert np.isnan(found[1::2]).all()
    over = both[0].replace(values=[1, 2, 3], name="b")
    image = rw.render(scene.replace(shapes=[over]), width=6, height=1, spp=1, aovs=("value",))
    assert image.aovs["value"][0][::2].tolist() == [1, 2, 3]


@pytest.mark.parametrize("integrator", ["path", "volpath", "bdpt", "direct"])
def test_an_unlit_share_is_seen_without_light_and_the_rest_is_lit(integrator):
    def render(unlit, light):
        scene = rw.Scene(
            [
                rw.Mesh(
                    [(-9, -9, 0), (9, -9, 0), (0, 9, 0)],
                    [(0, 1, 2)],
                    values=[1],
                    colormap=rw.ColorMap(["white", "white"], limits=(0, 1)),
                    unlit=unlit,
                )
            ],
            emitters=[rw.ConstantEnvironment(light)] if light else [],
            camera=rw.PerspectiveCamera(look_from=(0, 0, 3), look_at=(0, 0, 0)),
        )
        image = rw.render(scene, width=4, height=4, spp=64, integrator=integrator, max_depth=2)
        return image.pixels.mean()

    assert render(0.25, 0) == pytest.approx(0.25, abs=1e-6)
    assert render(0.25, 2.0) == pytest.approx(0.25 + 0.75 * 2.0, rel=0.02)
    assert render(1.0, 2.0) == pytest.approx(1.0, abs=1e-6)


def test_materials_ask_for_quantities_by_name():
    def shine(values, **more):
        glossy = rw.Principled(
            rw.Attribute("T"), metallic=1.0, roughness=rw.Attribute("rough", **more)
        )
        return rw.render(
            rw.Scene(
                [
                    strip(
                        quantities={"T": np.arange(2 * N), "rough": values}, material=glossy
                    ).replace(unlit=0)
                ],
                emitters=[rw.GradientEnvironment(top=3, bottom=0)],
                camera=looking(N, 1),
            ),
            width=N,
            height=1,
            spp=8,
        ).pixels

    rough, smooth = shine(np.full(2 * N, 0.9)), shine(np.full(2 * N, 0.1))
    assert not np.allclose(rough, smooth)
    assert np.array_equal(shine(np.full(2 * N, 90.0), limits=(0, 100)), rough)
    with pytest.raises(rw.SceneError, match=r"rough ranges from 90 to 90.*limits=\("):
        shine(np.full(2 * N, 90.0))


def test_opacity_hides_what_is_no_number():
    values = np.repeat(np.where(np.arange(N) % 2, 1.0, np.nan), 2)
    veil = rw.Diffuse(rw.Attribute("color"), opacity=rw.Attribute("values"))
    shown = picture(strip(values=values, material=veil), aovs=("value",)).aovs["value"][0]
    assert np.isnan(shown[::2]).all()
    assert (shown[1::2] == 1.0).all()


def test_values_that_float32_would_merge_have_their_colours():
    values = 1.7e9 + np.linspace(0, 1e-3, N)
    image = picture(strip(values=np.repeat(values, 2), colormap="gray"), aovs=("value",))
    assert np.abs(image.aovs["value"][0] - values).max() < 1e-6
    assert len(np.unique(screen(image)[0, :, 0])) == N
    vast = picture(
        strip(
            values=np.repeat(np.geomspace(1e40, 1e45, N), 2), colormap=rw.ColorMap("gray", log=True)
        )
    )
    assert len(np.unique(screen(vast)[0, :, 0])) == N


EDITS = {
    "strip.colormap.limits": (0, 50),
    "strip.colormap": "inferno",
    "strip.show": "p",
    "strip.quantities.T": np.linspace(5, 9, 2 * N),
    "inner.colormap": "hot",
    "copies.values": [3, 2, 1],
}


@pytest.mark.parametrize("path", EDITS)
def test_an_edit_of_colours_is_the_scene_made_anew_without_its_trees(path, monkeypatch):
    places = [rw.transforms.translate(3 * i, 2, 0) for i in range(3)]
    inner = strip(columns=2, values=np.arange(4.0)).replace(name="inner")
    part = strip(quantities={"T": np.arange(2.0 * N), "p": np.arange(2.0 * (N + 1)) ** 2})
    scene = rw.Scene(
        [
            part,
            rw.Instances(inner, places, values=[1, 2, 3], name="copies"),
            rw.Instances(inner, [rw.transforms.translate(0, 5, 0)], name="plain"),
        ],
        camera=looking(N, 8),
    )
    settings = RenderSettings(width=N, height=8)
    before = Renderer(scene, settings)
    edited = edit_scene(scene, {path: EDITS[path]})
    anew = compiled.compile_scene(edited)

    def refuse(*arguments):
        raise AssertionError("everything was compiled anew")

    monkeypatch.setattr(compiled, "_compile", refuse)
    after = Renderer(edited, settings, before).tables
    for name in after._fields:
        if name != "full":
            assert np.array_equal(getattr(after, name), getattr(anew, name), equal_nan=True), name
    assert not np.array_equal(after.maps, before.tables.maps) or not np.array_equal(
        after.values, before.tables.values
    )


def test_a_picked_point_tells_its_value():
    session_scene = rw.Scene(
        [strip(values=np.repeat(np.arange(N), 2), colormap=rw.ColorMap(label="T / K"))],
        camera=looking(N, 1),
    )
    widget = rw.RayWidget(session_scene, width=N, height=1, spp=1)
    widget.wait()
    hit = widget.pick(5, 0).hit
    widget.close()
    assert (hit.value, hit.label) == (5.0, "T / K")
