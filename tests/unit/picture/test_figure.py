"""Figures: what stands beside a picture, where it is, and that words in files are words."""

import json
import re

import numpy as np
import pytest
from PIL import Image as PictureFile

import raywidget as rw
from raywidget.picture.figure_elements import (
    describe,
    log_ticks,
    nice_ticks,
    write_numbers,
)
from raywidget.picture.figure_layout import axis_words, lay_out, project

HEAT = rw.ColorMap("inferno", limits=(0, 100), label="T / K", above="cyan")
CAMERA = rw.PerspectiveCamera(look_from=(3, 2, 5), look_at=(0.5, 0, 0), vfov=40)


def scene(camera=CAMERA, **more):
    dots = rw.Spheres(
        [(0, 0, 0), (1, 0, 0)], 0.4, values=[0.0, 90.0], colormap=HEAT, name="dots", **more
    )
    return rw.Scene([dots], camera=camera, emitters=[rw.ConstantEnvironment(1)])


def test_what_there_is_is_plain_data():
    told = describe(
        scene(), title="t", labels=[((0, 0, 1), "here")], scalebar=(0.5, "mm"), axes=True
    )
    assert json.loads(json.dumps(told)) == told
    (bar,) = told["bars"]
    assert (bar["label"], bar["low"], bar["high"], bar["shape"]) == ("T / K", 0, 100, "dots")
    assert (bar["below"], bar["above"], bar["nan"]) == (None, "#00ffff", None)
    assert bar["colors"][0] == "#000004"
    assert len(bar["colors"]) == 256
    assert [tick["text"] for tick in bar["ticks"]] == ["0", "20", "40", "60", "80", "100"]
    assert [tick["at"] for tick in bar["ticks"]] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert told["labels"] == [{"point": [0, 0, 1], "text": "here"}]
    assert told["axes"]["low"] == pytest.approx([-0.4, -0.4, -0.4])


def test_shapes_that_share_a_map_share_a_bar():
    one = scene().shapes[0]
    other = one.replace(name="b", centers=one.centers + 3)
    third = other.replace(name="c", colormap=rw.ColorMap("viridis"), values=[np.nan, 1])
    both = rw.Scene([one, other, third], camera=CAMERA)
    bars = describe(both)["bars"]
    assert [bar["index"] for bar in bars] == [0, 2]
    assert bars[1]["nan"] is not None
    assert [bar["shape"] for bar in describe(both, colorbars=["c"])["bars"]] == ["c"]
    assert describe(both, colorbars=False)["bars"] == []


def test_there_is_no_bar_of_what_colours_nothing():
    """A field that is only the roughness has no colours that a bar could tell."""
    named = {"values": None, "colormap": None, "quantities": {"q": [0.0, 1.0], "T": [3.0, 4.0]}}
    dots = scene().shapes[0].replace(**named)

    def labels(material, **more):
        made = dots.replace(material=material, **more)
        return [bar["label"] for bar in describe(rw.Scene([made], camera=CAMERA))["bars"]]

    gold = rw.Principled("gold", metallic=1, roughness=rw.Attribute("q"))
    assert labels(gold) == []
    assert labels(gold.replace(base_color=rw.Attribute("color"))) == ["q"]
    assert labels(rw.Mix(rw.Diffuse(rw.Attribute("color")), gold), show="T") == ["T"]
    assert labels(gold, unlit=0.5) == ["q"]


def test_axes_may_tell_other_numbers_than_places():
    axes = describe(scene(), axes=(("E / km", 500, 502.25), "N", ("depth", 10, -10)))["axes"]
    assert axes["names"] == ["E / km", "N", "depth"]
    low, high = axes["low"], axes["high"]
    x, _, z = axes["ticks"]
    assert [tick["text"] for tick in x] == ["500", "500.5", "501", "501.5", "502"]
    for tick in x:
        share = (float(tick["text"]) - 500) / 2.25
        assert tick["value"] == pytest.approx(low[0] + share * (high[0] - low[0]))
    places = {tick["text"]: tick["value"] for tick in z}
    assert places["10"] == pytest.approx(low[2])
    assert places["\u221210" if "\u221210" in places else "-10"] == pytest.approx(high[2])
    for wrong in ((("x", 1, 1), "y", "z"), (("x", 0, np.inf), "y", "z"), (("x", 0), "y", "z")):
        with pytest.raises(rw.PictureError, match="axes"):
            describe(scene(), axes=wrong)
        with pytest.raises(rw.SceneError, match="axes"):
            rw.Scene(camera=CAMERA, annotations={"axes": wrong})


def test_ticks_are_round_numbers():
    assert nice_ticks(0, 1) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert nice_ticks(-3.2, 7.7) == [-2, 0, 2, 4, 6]
    assert nice_ticks(273.15, 273.16)[0] == 273.15
    assert log_ticks(1e-3, 1e3) == pytest.approx([1e-3, 1e-2, 0.1, 1, 10, 100, 1e3])
    assert log_ticks(3, 30) == [5, 10, 20]
    assert write_numbers([-1.5, 0, 1e6]) == ["\N{MINUS SIGN}1.5", "0", "1e+06"]
    assert len(set(write_numbers([273.15, 273.152, 273.154]))) == 3


@pytest.mark.parametrize(
    "camera",
    [CAMERA, rw.OrthographicCamera(look_from=(3, 2, 5), look_at=(0.5, 0, 0), height=4)],
)
def test_points_are_where_the_picture_shows_them(camera):
    centres = np.array([(0, 0, 0), (1, 0, 0), (0.5, 0.9, 0.3)])
    tiny = rw.Spheres(centres, 0.1, unlit=1, values=[1, 2, 3])
    image = rw.render(
        rw.Scene([tiny], camera=camera), width=90, height=60, spp=1, aovs=("value", "depth")
    )
    places = project(camera, 90, 60, centres)
    for value, (x, y, away) in zip((1, 2, 3), places, strict=True):
        rows, columns = np.nonzero(image.aovs["value"] == value)
        assert abs(columns.mean() + 0.5 - x) < 0.6
        assert abs(rows.mean() + 0.5 - y) < 0.6
        depths = image.aovs["depth"][rows, columns]
        assert abs(depths[np.isfinite(depths)].min() + 0.1 - away) < 0.05


def test_labels_behind_something_are_hidden():
    labels = [((0, -0.6, -3), "behind"), ((0.5, 3, 0), "above"), ((0, 0.41, 0), "on top")]
    front = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 0, 0))
    image = rw.render(scene(front), width=60, height=60, spp=1, aovs=("depth",))
    told = describe(scene(front), labels=labels)
    laid = lay_out(told, front, 60, 60, image.aovs["depth"])["labels"]
    assert [label["hidden"] for label in laid] == [True, True, False]
    assert not lay_out(told, front, 60, 60)["labels"][0]["hidden"]


def test_scale_bars_have_the_length_that_they_say():
    flat = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=6)
    fixed = lay_out(describe(scene(), scalebar=(1.5, "mm")), flat, 80, 60)["scalebar"]
    assert fixed == {"pixels": pytest.approx(15), "text": "1.5 mm", "length": 1.5}
    chosen = lay_out(describe(scene(), scalebar=True), flat, 80, 60)["scalebar"]
    assert chosen == {"pixels": pytest.approx(20), "text": "2", "length": 2}


def test_axes_are_at_the_outline():
    laid = lay_out(describe(scene(), axes=("a", "b", "c")), CAMERA, 90, 60)["axes"]
    assert [edge["name"] for edge in laid] == ["a", "b", "c"]
    middle = project(CAMERA, 90, 60, [(0.5, 0, 0)])[0, :2]
    for edge in laid:
        centre = 0.5 * (np.array(edge["from"]) + edge["to"])
        assert np.dot(edge["outwards"], centre - middle) > 0
        for tick in edge["ticks"]:
            along = np.subtract(edge["to"], edge["from"])
            away = np.subtract((tick["x"], tick["y"]), edge["from"])
            cross = along[0] * away[1] - along[1] * away[0]
            assert abs(cross) < 1e-6 * np.dot(along, along)


def test_the_lowest_edge_of_the_outline_is_an_axis():
    box = rw.Scene([rw.Box((0, 0, 0), (2, 2, 2))], camera=CAMERA)
    for camera in (
        rw.PerspectiveCamera(look_from=(3, 4, 5), look_at=(0, 0, 0)),
        rw.OrthographicCamera(look_from=(3, 4, 5), look_at=(0, 0, 0), height=6),
    ):
        placed = lay_out(describe(box, axes=True), camera, 90, 60)["axes"]
        corners = {"x": [(-1, -1, 1), (1, -1, 1)], "z": [(1, -1, -1), (1, -1, 1)],
                   "y": [(-1, -1, 1), (-1, 1, 1)]}  # fmt: skip
        for edge in placed:
            ends = project(camera, 90, 60, corners[edge["name"]])[:, :2]
            np.testing.assert_allclose([edge["from"], edge["to"]], ends)
        assert len(placed) == 3
    # What is seen along itself is none.
    along = rw.OrthographicCamera(look_from=(0.1, 0.1, 5), look_at=(0, 0, 0), height=6)
    assert [e["name"] for e in lay_out(describe(box, axes=True), along, 90, 60)["axes"]] == [
        "x",
        "y",
    ]


def test_words_of_axes_do_not_meet():
    box = rw.Scene([rw.Box((0, 0, 0), (2, 2, 2))], camera=CAMERA)
    shown = 0
    for x in (-3, 0.5, 3):
        camera = rw.PerspectiveCamera(look_from=(x, 1.5, 4), look_at=(0, 0, 0), vfov=45)
        laid = lay_out(describe(box, axes=("Easting / m", "b", "c")), camera, 180, 140)
        words = [
            word
            for axis in axis_words(laid["axes"], 180, 140, 8)
            for word in (axis.name, *axis.numbers)
        ]
        shown += len(words)
        for n, a in enumerate(words):
            assert 2.4 * len(a.text) <= a.x <= 180 - 2.4 * len(a.text)
            assert 4.8 <= a.y <= 140 - 4.8
            for b in words[:n]:
                wide = 2.4 * (len(a.text) + len(b.text))
                assert abs(a.x - b.x) >= wide or abs(a.y - b.y) >= 9.6, (a, b)
    assert shown > 20


def test_numbers_of_axes_leave_room_for_the_scale_bar():
    ticks = [{"x": x, "y": 80, "text": text} for x, text in ((20, "0"), (80, "5"))]
    edge = {"name": "x", "from": [10, 80], "to": [90, 80], "outwards": [0, 1], "ticks": ticks}

    def numbers(bar):
        (words,) = axis_words([edge], 100, 105, 10, bar)
        return [number.text for number in words.numbers]

    assert numbers(None) == ["0", "5"]
    assert numbers({"pixels": 30, "text": "1 m"}) == ["5"]
    assert numbers({"pixels": 10, "text": "1 m"}) == ["5"]


def test_words_are_white_where_all_is_dark(tmp_path):
    for background, ink in (("#202020", "white"), ("white", "black"), (None, None)):
        assert describe(scene().replace(background=background))["ink"] == ink
    dark = rw.Backdrop(np.zeros((2, 2, 3), np.float32))
    assert describe(scene().replace(background=dark))["ink"] == "white"
    night = scene().replace(background=dark)
    fig = rw.Figure(
        night, labels=[((9, 9, 0), "a"), ((0, 0.8, 0), "peak")], width=32, height=24, spp=1
    )
    fig.save(tmp_path / "fig.svg")
    (peak,) = re.findall(r"<text[^>]*>peak<", (tmp_path / "fig.svg").read_text())
    assert "fill: #ffffff" in peak


def test_labels_that_are_always_seen():
    marks = [((0, 0, -1), "behind", "always"), ((0, 0, -1), "hidden")]
    near = np.full((60, 90), 1.0)
    laid = lay_out(describe(scene(), labels=marks), CAMERA, 90, 60, near)["labels"]
    assert [label["hidden"] for label in laid] == [False, True]


def test_ticks_of_a_map_are_those_of_its_bar():
    rock = rw.ColorMap("tab10", limits=(0, 10), ticks={1: "sand", 2: "clay", 20: "beyond"})
    dots = rw.Spheres([(0, 0, 0), (1, 0, 0)], 0.3, values=[1, 2], colormap=rock)
    (bar,) = describe(rw.Scene([dots], camera=CAMERA))["bars"]
    assert [(tick["at"], tick["text"]) for tick in bar["ticks"]] == [(0.1, "sand"), (0.2, "clay")]
    plain = dots.replace(colormap=rock.replace(ticks=(0, 2.5)))
    (bar,) = describe(rw.Scene([plain], camera=CAMERA))["bars"]
    assert [tick["text"] for tick in bar["ticks"]] == ["0", "2.5"]
    assert rw.ColorMap("tab10", ticks=[]).ticks == ()
    for wrong in (5, "ab", [("sand", 1)], {1: 2}, [float("nan")]):
        with pytest.raises(rw.SceneError, match="ticks"):
            rw.ColorMap(ticks=wrong)


def test_legends_corners_and_small_arrows(tmp_path):
    fig = rw.Figure(
        scene(),
        legend=[("iron", "red"), ("wood", (0, 0.5, 0))],
        texts={"lower right": "run 7", "upper right": "b"},
        orientation=("E", "N", "up"),
        scalebar=True,
        width=48,
        height=32,
        spp=1,
    )
    assert fig.description["legend"] == [
        {"text": "iron", "color": "#ff0000"},
        {"text": "wood", "color": "#00bc00"},
    ]
    assert [text["corner"] for text in fig.description["texts"]] == ["upper right", "lower right"]
    camera = rw.PerspectiveCamera(look_from=(0, -5, 0), look_at=(0, 0, 0), up=(0, 0, 1))
    arrows = lay_out(fig.description, camera, 48, 32)["orientation"]
    assert [(a["name"], round(a["x"]), round(a["y"])) for a in arrows] == [
        ("N", 0, 0),
        ("E", 1, 0),
        ("up", 0, -1),
    ]
    fig.save(tmp_path / "fig.svg")
    text = (tmp_path / "fig.svg").read_text()
    for word in ("iron", "wood", "run 7", "E", "up"):
        assert f">{word}<" in text


def test_words_are_words_and_the_picture_is_a_raster(tmp_path):
    fig = rw.Figure(
        scene(),
        title="A title & more",
        labels=[((0, 0.8, 0), "<peak>")],
        scalebar="mm",
        axes=True,
        width=48,
        height=32,
        spp=1,
    )
    fig.save(tmp_path / "fig.svg", width="86 mm")
    text = (tmp_path / "fig.svg").read_text()
    for word in ("A title &amp; more", "&lt;peak&gt;", "T / K", "100", "mm"):
        assert word in text
    assert text.count("<image") >= 2  # the picture, and the colours of the bar
    assert float(re.search(r'width="([\d.]+)pt"', text)[1]) == pytest.approx(86 / 25.4 * 72, 1e-3)
    fig.save(tmp_path / "fig.pdf", width="86 mm")
    data = (tmp_path / "fig.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert b"/Font" in data
    assert b"/Image" in data
    fig.save(tmp_path / "again.svg", width="86 mm")
    assert (tmp_path / "again.svg").read_text() == text
    fig.save(tmp_path / "fig.png", width="2 in", dpi=100)
    import PIL.Image

    with PIL.Image.open(tmp_path / "fig.png") as picture:
        assert picture.size[0] == 200
    assert fig._repr_png_().startswith(b"\x89PNG")
    assert "1 colour bar)" in repr(fig)


def test_several_pictures_stand_in_rows(tmp_path):
    def sheet(count, **more):
        told = [scene().replace(annotations={"title": f"no. {k}"}) for k in range(count)]
        return rw.Figure(told, width=24, height=16, spp=1, **more)

    fig = sheet(3, title="All of them", columns=2, scalebar=True)
    fig.save(tmp_path / "fig.svg", width="86.123456789 mm")
    text = (tmp_path / "fig.svg").read_text()
    for word in ("All of them", "no. 0", "no. 1", "no. 2"):
        assert f">{word}<" in text
    assert text.count("<image") == 6  # pictures and bars
    assert [image.width for image in fig.images] == [24] * 3
    assert [told["title"] for told in fig.description] == ["no. 0", "no. 1", "no. 2"]
    assert repr(fig).startswith("Figure([Image(24x16, 1 spp), ")
    with pytest.raises(rw.PictureError, match="3 pictures; images has them"):
        _ = fig.image
    heights = []
    for columns in (1, 2, 3, None):
        sheet(4, columns=columns, colorbars=False).save(tmp_path / "fig.png", width=60, dpi=50)
        with PictureFile.open(tmp_path / "fig.png") as picture:
            heights.append(picture.size[1])
    assert heights[0] > heights[1] > heights[2]
    assert heights[3] == heights[1]
    one = rw.Figure([fig.images[0]])
    assert one.image is fig.images[0]
    for wrong in (0, 65, True, "2"):
        with pytest.raises(rw.PictureError, match="columns must be a whole number from 1 to 64"):
            sheet(2, columns=wrong)
    with pytest.raises(rw.PictureError, match="empty list"):
        rw.Figure([])
    with pytest.raises(rw.PictureError, match="expected a Scene"):
        rw.Figure([scene(), 3])


def test_an_image_knows_its_scene():
    image = rw.render(scene(), width=24, height=16, spp=1)
    assert rw.Figure(image).description["bars"][0]["label"] == "T / K"
    assert rw.Figure(image).image is image
    with pytest.raises(rw.PictureError, match="spp= is a setting of a render"):
        rw.Figure(image, spp=3)
    with pytest.raises(rw.PictureError, match="the scene of this image is not known"):
        rw.Figure(rw.Image(np.zeros((4, 4, 3)), spp=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": [((0, 0), "a")]}, r"labels\[0\] must be \(\(x, y, z\), text\)"),
        ({"labels": "word"}, "labels must be a list"),
        ({"labels": [((0, 0, np.nan), "a")]}, r"labels\[0\]"),
        ({"scalebar": -1}, "scalebar must be True, a length > 0"),
        ({"axes": "xyz"}, "axes must be True or three names"),
        ({"colorbars": ["spots"]}, "no shape is called 'spots'; named: 'dots'"),
        ({"title": 3}, "title must be a string"),
        ({"fontsize": 0}, "fontsize must be points"),
        ({"labels": [((0, 0, 0), "a", "never")]}, 'or with "always" as a third'),
        ({"legend": "iron"}, "legend must be a list of"),
        ({"legend": [("iron", "blak")]}, r"legend\[0\] must be .* did you mean 'black'"),
        ({"legend": ["iron"]}, r"legend\[0\] must be \(text, colour\)"),
        ({"texts": "here"}, "texts must be a mapping of corners"),
        ({"texts": {"middle": "a"}}, "texts: the corners are 'upper left'"),
        ({"texts": {"upper left": 3}}, "must be a string"),
        ({"orientation": "xy"}, "orientation must be True or three names"),
    ],
)
def test_what_can_not_be_is_said(arguments, message):
    with pytest.raises(rw.PictureError, match=message):
        rw.Figure(scene(), **arguments)


def test_settings_are_checked_before_anything_is_rendered():
    scene = rw.presets.cornell()
    with pytest.raises(rw.PictureError, match="no parameter 'tittle'; did you mean 'title'"):
        rw.Figure(scene, tittle="Box")
    with pytest.raises(rw.SettingsError, match="width: expected an integer, got 'wide'"):
        rw.Figure(scene, width="wide")
    with pytest.raises(rw.PictureError, match="axes must be True or three names"):
        rw.Figure(scene, axes=(1, 2, 3))


def test_what_can_not_be_saved_is_said(tmp_path):
    fig = rw.Figure(scene(), width=24, height=16, spp=1)
    for path, more, message in (
        ("fig.docx", {}, "must end in .pdf, .svg, .png"),
        ("fig.png", {"dpi": 0}, "dpi must be"),
        ("fig.png", {"width": "86 furlongs"}, 'such as "86 mm"'),
        ("fig.png", {"width": "11 mm"}, "leave no room"),
        ("none/fig.png", {}, "can't be written"),
    ):
        with pytest.raises(rw.PictureError, match=message):
            fig.save(tmp_path / path, **more)
    with pytest.raises(rw.PictureError, match="expected a Scene, an Image"):
        rw.Figure(3)


def test_figures_without_paper(tmp_path):
    image = rw.render(rw.Sphere((0, 0, 0), 1), ground=False, alpha=True, width=32, height=24, spp=2)
    fig = rw.Figure(image, title="a ball")
    fig.save(tmp_path / "a.png", transparent=True)
    fig.save(tmp_path / "b.png")
    with (
        PictureFile.open(tmp_path / "a.png") as clear,
        PictureFile.open(tmp_path / "b.png") as white,
    ):
        alpha = np.asarray(clear.convert("RGBA"))[..., 3]
        assert np.asarray(white.convert("RGBA"))[..., 3].min() == 255
    middle = alpha.shape[0] // 2, alpha.shape[1] // 2
    assert (alpha[0, 0], alpha[middle]) == (0, 255)
    fig.save(tmp_path / "a.svg", transparent=True)
    assert "fill: #ffffff" not in (tmp_path / "a.svg").read_text()
    fig.save(tmp_path / "b.svg")
    assert "fill: #ffffff" in (tmp_path / "b.svg").read_text()
    for wrong, told in ({"transparent": 1}, "True or False"), ({"paper": "red"}, "no parameter"):
        with pytest.raises(rw.PictureError, match=told):
            fig.save(tmp_path / "c.png", **wrong)
