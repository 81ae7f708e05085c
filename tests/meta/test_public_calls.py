"""Whatever a public name is called with, there is an answer or an error of the package's own."""

import inspect
import math

import numpy as np
import pytest

import raywidget as rw
from raywidget.scene import doubts  # noqa: F401 - loaded before warnings are counted
from raywidget.scene.values.checks import show

HUGE = 10**400
NONSENSE = [
    None,
    math.nan,
    math.inf,
    -1,
    HUGE,
    -HUGE,
    10**5000,
    "",
    "wavy",
    "\0",
    b"bytes",
    [],
    {},
    {"a": {"b": [HUGE]}},
    [HUGE, HUGE, HUGE],
    [[1, 2], [3]],
    (None, None, None),
    np.array(["words", "and words"]),
    np.array([None, object()], dtype=object),
    np.array(7.5),
    np.full((2, 2, 2, 2), np.nan),
    np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0]),
    1j,
    object(),
    int,
    lambda: 1,
]
NOT_CALLED = {"__version__", "presets", "transforms"}
ERRORS = [
    name
    for name in rw.__all__
    if inspect.isclass(getattr(rw, name)) and issubclass(getattr(rw, name), Exception)
]
CALLABLES = {
    **{n: getattr(rw, n) for n in rw.__all__ if n not in NOT_CALLED and n not in ERRORS},
    **{f"transforms.{n}": getattr(rw.transforms, n) for n in rw.transforms.__all__},
    **{f"presets.{n}": getattr(rw.presets, n) for n in rw.presets.__all__ if n != "NAMES"},
}
CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
TRIANGLE = rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)])
FRAME = {"width": 4, "height": 4, "spp": 1, "threads": 1}
# What a call needs to be right but for the one argument that is tried.
SOUND = {
    "Backdrop": {"image": np.ones((4, 8, 3))},
    "Box": {"center": (0, 0, 0), "size": (1, 1, 1)},
    "Checkerboard": {},
    "Coated": {"base": rw.Diffuse(0.5)},
    "Conductor": {"eta": 1.0, "k": 1.0},
    "Cone": {"base": (0, 0, 0), "top": (0, 1, 0), "base_radius": 1.0},
    "ConstantEnvironment": {"radiance": 1.0},
    "Cylinder": {"base": (0, 0, 0), "top": (0, 1, 0), "radius": 1.0},
    "Cylinders": {"starts": [(0, 0, 0)], "ends": [(0, 1, 0)], "radii": [1.0]},
    "Dielectric": {},
    "Diffuse": {"color": 0.5},
    "DirectionalLight": {"direction": (0, -1, 0), "irradiance": 1.0},
    "Disk": {"center": (0, 0, 0), "normal": (0, 1, 0), "radius": 1.0},
    "Emissive": {"radiance": 1.0},
    "Figure": {"scene_or_image": rw.Scene([TRIANGLE], camera=CAMERA)},
    "Gradient": {"bottom": 0.1, "top": 0.9},
    "GradientEnvironment": {"top": 1.0, "bottom": 1.0},
    "Image": {"pixels": np.zeros((2, 2, 3)), "spp": 1},
    "ImageEnvironment": {"image": np.ones((4, 8, 3))},
    "ImageTexture": {"image": np.ones((4, 8, 3))},
    "Instances": {"mesh": TRIANGLE, "transforms": [np.eye(4)]},
    "Mesh": {"vertices": TRIANGLE.vertices, "faces": TRIANGLE.faces},
    "Metal": {"color": 0.5},
    "Mix": {"a": rw.Diffuse(0.5), "b": rw.Metal(0.5), "amount": 0.5},
    "OrthographicCamera": {"look_from": (0, 0, 5), "look_at": (0, 0, 0), "height": 2.0},
    "PanoramicCamera": {"look_from": (0, 0, 5), "look_at": (0, 0, 0)},
    "PerspectiveCamera": {"look_from": (0, 0, 5), "look_at": (0, 0, 0)},
    "PointLight": {"position": (0, 0, 5), "intensity": 1.0},
    "Portal": {"origin": (0, 0, 0), "edge_u": (1, 0, 0), "edge_v": (0, 1, 0)},
    "Quad": {"origin": (0, 0, 0), "edge_u": (1, 0, 0), "edge_v": (0, 1, 0)},
    "Scene": {"camera": CAMERA},
    "Sphere": {"center": (0, 0, 0), "radius": 1.0},
    "Spheres": {"centers": [(0, 0, 0)], "radii": [1.0]},
    "SpotLight": {"position": (0, 0, 5), "target": (0, 0, 0)},
    "decode_srgb": {"values": 0.5},
    "animate": {"scene_at": [rw.Scene(camera=CAMERA)], "path": "film.gif", **FRAME},
    "isosurface": {"values": np.mgrid[0:4, 0:4, 0:4][0], "level": 1.5},
    "keyframes": {"cameras": [CAMERA, CAMERA.replace(look_from=(5, 0, 0))]},
    "load_mesh": {"path": "missing.ply"},
    "load_scene": {"path": "missing.glb"},
    "presets.options": {"name": "cornell"},
    "presets.preset": {"name": "cornell"},
    "render_many": {"items": [rw.Scene(camera=CAMERA)], "into": "pictures", **FRAME},
    "resume": {"path": "missing.checkpoint"},
    "shapes_of": {"thing": rw.Sphere((0, 0, 0), 1)},
    "studio": {"thing": rw.Sphere((0, 0, 0), 1)},
    "transforms.apply": {"matrix": np.eye(4), "points": (1, 2, 3)},
    "transforms.rotate": {"degrees": 90.0, "axis": (0, 1, 0)},
    "transforms.rotate_xyz": {"x": 90.0, "y": 0.0, "z": 0.0},
    "transforms.scale": {"x": 2.0},
    "transforms.translate": {"x": 1.0, "y": 0.0, "z": 0.0},
    "to_html": {
        "thing": rw.Scene(camera=CAMERA),
        "path": "page.html",
        "orbit": True,
        "views": (2, 1),
        **FRAME,
    },
    "turntable": {
        "thing": rw.Scene(camera=CAMERA),
        "path": "film.gif",
        "seconds": 0.1,
        "fps": 10.0,
        **FRAME,
    },
}
SMALL = {"width": 4, "height": 4, "spp": 1, "threads": 1, "autostart": False}
# These do what takes long, or open something: they are tried with their own arguments only.
SLOW = {"RayWidget", "show", "render", "warmup"}


def answer(function, *arguments, **keywords):
    """Call it: a success and the package's own errors are right, all else comes out."""
    try:
        result = function(*arguments, **keywords)
    except rw.RaywidgetError as error:
        assert str(error).strip()  # noqa: PT017
        return error
    if hasattr(result, "close"):
        result.close()
    return None


@pytest.mark.parametrize("name", CALLABLES)
def test_an_unknown_keyword_is_an_error_that_knows_better(name):
    keywords = dict(SOUND.get(name, {}))
    if name in ("RayWidget", "show", "render"):
        keywords = {"scene" if name != "show" else "thing": rw.Scene(camera=CAMERA)}
    error = answer(CALLABLES[name], **keywords, unknwon=1)
    assert error is not None
    assert "unknwon" in str(error)


@pytest.mark.parametrize("name", CALLABLES)
def test_what_is_missing_is_told(name):
    signature = inspect.signature(CALLABLES[name])
    needed = [
        p
        for p in signature.parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    if needed:
        assert answer(CALLABLES[name]) is not None


@pytest.mark.filterwarnings("ignore::raywidget.errors.RaywidgetWarning")
@pytest.mark.parametrize("name", [n for n in CALLABLES if n not in SLOW])
def test_nonsense_is_refused_or_taken_but_never_breaks(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = CALLABLES[name]
    parameters = inspect.signature(function).parameters
    for parameter in parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        for value in NONSENSE:
            if name == "presets.dragon" and value is None:
                continue
            keywords = {**SOUND.get(name, {}), parameter.name: value}
            try:
                answer(function, **keywords)
            except Exception as error:
                pytest.fail(f"{name}({parameter.name}={show(value)}): {error!r}")


@pytest.mark.filterwarnings("ignore::raywidget.errors.RaywidgetWarning")
@pytest.mark.parametrize("name", ["RayWidget", "render", "warmup"])
def test_nonsense_in_what_renders(name):
    own = {
        "RayWidget": ("exposure", "curve", "channel"),
        "render": ("resume", "on_interrupt", "exposure", "curve"),
        "warmup": ("integrators",),
    }
    scene = rw.Scene([rw.Sphere((0, 0, 0), 1)], camera=CAMERA)
    for parameter in own[name]:
        for value in NONSENSE:
            keywords = {parameter: value}
            if name != "warmup":
                keywords |= {"scene": scene, "width": 4, "height": 4, "spp": 1, "threads": 1}
            if name == "RayWidget":
                keywords["autostart"] = False
            if name == "warmup" and (value is None or show(value) in ("[]", "{}")):
                continue
            try:
                answer(CALLABLES[name], **keywords)
            except Exception as error:
                pytest.fail(f"{name}({parameter}={show(value)}): {error!r}")
    for value in NONSENSE:
        if name != "warmup":
            assert answer(CALLABLES[name], value, width=4, height=4, spp=1) is not None


@pytest.mark.filterwarnings("ignore::raywidget.errors.RaywidgetWarning")
def test_nonsense_in_things_that_are_put_into_a_studio():
    for value in NONSENSE:
        for function in (rw.studio, rw.shapes_of):
            answer(function, value)


def test_objects_that_never_change_say_what_to_do():
    scene = rw.presets.cornell()
    for name, words in (("camra", "did you mean 'camera'"), ("camera", "replace(camera=...)")):
        with pytest.raises(rw.SceneError) as caught:
            setattr(scene, name, CAMERA)
        assert words in str(caught.value)
        assert isinstance(caught.value, AttributeError)
    with pytest.raises(rw.SettingsError, match=r"replace\(spp=...\)"):
        rw.RenderSettings().spp = 3


@pytest.mark.filterwarnings("ignore::raywidget.errors.RaywidgetWarning")
def test_nonsense_in_methods(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scene = rw.Scene([rw.Sphere((0, 0, 0), 1, name="ball")], camera=CAMERA)
    widget = rw.RayWidget(scene, width=4, height=4, spp=1, threads=1, autostart=False)
    image = widget.image
    cut_out = rw.Image(np.zeros((2, 2, 3)), alpha=np.zeros((2, 2)), spp=1)
    box = rw.Box((0, 0, 0), (1, 1, 1))
    try:
        for value in NONSENSE:
            calls = {
                "more": lambda v=value: widget.more(v),
                "on_pick": lambda v=value: widget.on_pick(v),
                "pick": lambda v=value: widget.pick(v, 0),
                "restart": lambda v=value: widget.restart(v),
                "restart(spp=)": lambda v=value: widget.restart(spp=v),
                "to_html": lambda v=value: widget.to_html(v),
                "to_html(orbit=)": lambda v=value: widget.to_html("a.html", orbit=v, views=v),
                "record": lambda v=value: widget.record(v, seconds=0.1),
                "record(what=)": lambda v=value: widget.record("a.webp", what=v, seconds=v),
                "update": lambda v=value: widget.update(v),
                "update({ball})": lambda v=value: widget.update({"ball.radius": v}),
                "wait": lambda v=value: widget.wait(v),
                "Image.save": lambda v=value: image.save(v),
                "Image.save(exposure=)": lambda v=value: image.save("a.png", v),
                "Image.to_uint8": lambda v=value: image.to_uint8(v, v, v),
                "Image.over": lambda v=value: cut_out.over(v),
                "replace": lambda v=value: box.replace(size=v),
                "scene.replace": lambda v=value: scene.replace(shapes=v),
                **{
                    f"{n} =": lambda v=value, n=n: setattr(widget, n, v)
                    for n in (
                        "scene",
                        "camera",
                        "time",
                        "playing",
                        "exposure",
                        "curve",
                        "channel",
                        "spp",
                        "width",
                    )
                },
            }
            for name, call in calls.items():
                try:
                    answer(call)
                except Exception as error:
                    pytest.fail(f"{name} with {show(value)}: {error!r}")
    finally:
        widget.close()


@pytest.mark.parametrize("module", ["", "presets", "transforms"])
def test_completion_shows_what_is_public(module):
    where = getattr(rw, module) if module else rw
    shown = {name for name in dir(where) if not name.startswith("__")}
    assert shown == set(where.__all__) - {"__version__"}


@pytest.mark.parametrize("jedi", [False, True])
@pytest.mark.parametrize("call", ["rw.RayWidget(", "rw.show(", "rw.render("])
def test_completion_knows_the_settings(call, jedi):
    from IPython.core.completer import IPCompleter, provisionalcompleter

    completer = IPCompleter(namespace={"rw": rw})
    completer.use_jedi = jedi
    for word in ("width", "spp", "integrator"):
        text = call + word[:3]
        with provisionalcompleter():
            found = [c.text for c in completer.completions(text, len(text))]
        assert f"{word}=" in found
