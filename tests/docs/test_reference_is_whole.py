"""Every public name has its place in the reference, every parameter of a material its picture."""

import inspect
import re
from pathlib import Path

import pytest
from PIL import Image as Pillow

import raywidget as rw
from docs.site.behind import BEHIND
from docs.site.groups import GROUPS
from docs.site.reference import members, swept, write_reference
from docs.site.sweeps import FOLDER, GAP, SIDE, SWEEPS

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
NAMES = [name for group in GROUPS for name in group.names]
PICTURED = [
    name
    for group in GROUPS
    if group.slug in ("materials-and-media", "lights-and-skies")
    for name in group.names
    if inspect.isclass(getattr(rw, name))
]


def test_each_name_stands_in_one_place():
    assert sorted(NAMES) == rw.__all__, "docs/site/groups.py says where a name stands"


@pytest.mark.parametrize("name", PICTURED)
def test_each_parameter_of_materials_and_lights_is_shown(name):
    parameters = set(inspect.signature(getattr(rw, name)).parameters)
    assert parameters <= swept(name), "docs/site/sweeps.py lacks a row"


@pytest.mark.parametrize("sweep", SWEEPS.values(), ids=lambda s: f"{s.subject}-{s.parameter}")
def test_each_row_of_pictures_is_there(sweep):
    assert sweep.parameter in inspect.signature(getattr(rw, sweep.subject)).parameters
    with Pillow.open(sweep.path) as picture:
        assert picture.size == (len(sweep.steps) * (SIDE + GAP) - GAP, SIDE)
    # Skies take a while to compute.
    for _, scene in sweep.steps[: 1 if sweep.subject == "SkyEnvironment" else None]:
        assert isinstance(scene(), rw.Scene)


def test_there_are_no_other_rows():
    assert {path.name for path in FOLDER.iterdir()} == {s.path.name for s in SWEEPS.values()}


@pytest.mark.parametrize("name", sorted(BEHIND))
def test_what_is_said_to_hold_it_exists(name):
    assert name in NAMES
    assert BEHIND[name].tests
    for test in BEHIND[name].tests:
        file, _, function = test.partition("::")
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert not function or re.search(rf"^def {function}\(", text, re.MULTILINE), test


@pytest.mark.parametrize("name", PICTURED)
def test_materials_and_lights_tell_what_is_behind_them(name):
    assert name in BEHIND


def test_pages_hold_what_is_public(tmp_path):
    write_reference(tmp_path)
    text = "\n".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.rst"))
    for name in NAMES:
        if name not in ("presets", "transforms"):
            assert re.search(rf"^\.\. (auto\w+|py:data):: raywidget\.{name}\b", text, re.M), name
    for inner in rw.transforms.__all__:
        assert f"raywidget.transforms.{inner}(" in text
    for inner in rw.presets.__all__:
        assert f"raywidget.presets.{inner}" in text
    for page in ("render", "warmup", "convert"):
        assert f"\nraywidget {page}\n" in text


def test_chapters_and_names_have_files_of_their_own():
    slugs = {group.slug for group in GROUPS}
    assert slugs.isdisjoint(NAMES) or all(g.one_page for g in GROUPS if g.slug in NAMES)


def test_methods_are_shown():
    assert {"pause", "to_html", "update"} <= set(members("RayWidget", rw.RayWidget))
    assert members("Sphere", rw.Sphere) == ("bounds", "replace")
