"""The notebook that `raywidget show` opens."""

import json

import trimesh
from PIL import Image

import raywidget as rw
from raywidget import lab
from raywidget.cli import main


def test_a_notebook_of_one_cell(tmp_path):
    part = tmp_path / "it's part.stl"
    part.write_bytes(b"")
    path = lab.write_notebook(tmp_path, str(part), {"up": "y"})
    (cell,) = json.loads(path.read_text())["cells"]
    assert path.name == "it_s_part.ipynb"
    assert compile(cell["source"], path.name, "exec")
    assert cell["source"].endswith(f"rw.RayWidget({str(part)!r}, up='y')")
    preset = lab.write_notebook(tmp_path, "cornell", {})
    (cell,) = json.loads(preset.read_text())["cells"]
    assert cell["source"].endswith("rw.RayWidget(rw.presets.cornell())")


def test_without_a_display_the_address_is_printed(monkeypatch, capsys, tmp_path):
    commands = []

    class Done:
        returncode = 0

    def run(command, check):
        commands.append(command)
        return Done()

    part = tmp_path / "part.stl"
    part.write_bytes(b"")
    monkeypatch.setattr(lab.subprocess, "run", run)
    monkeypatch.setattr(lab.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["show", str(part)]) == 0
    assert "--no-browser" in commands[0]
    assert "No browser is opened" in capsys.readouterr().out
    monkeypatch.setenv("DISPLAY", ":0")
    assert main(["show", "cornell"]) == 0
    assert "--no-browser" not in commands[1]


def test_what_is_not_there_is_told_before_anything_opens(capsys):
    assert main(["show", "nothing.stl"]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert main(["show", "corner"]) == 2
    assert "neither a preset" in capsys.readouterr().err


def test_render_takes_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    trimesh.creation.box().export("part.stl")
    size = ["--width", "16", "--height", "12", "--spp", "1", "--quiet"]
    assert main(["render", "part.stl", "--up", "z", "--light", "overcast", *size]) == 0
    scene_light = {"up": "z", "light": "overcast"}
    image = rw.render("part.stl", width=16, height=12, spp=1, **scene_light)
    assert (image.to_uint8() == Image.open("part.png").convert("RGB")).all()
    assert main(["render", "cornell", "--up", "z", *size]) == 2
    assert "--up is for files" in capsys.readouterr().err


def test_the_studio_is_told_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trimesh.creation.box((1, 2, 3)).export("part.stl")
    size = ["--width", "16", "--height", "12", "--spp", "1", "--quiet"]
    words = ["--up", "-z", "--view", "-1", "0.5", "2", "--no-ground", "--background", "#336699"]
    assert main(["render", "part.stl", *words, *size]) == 0
    image = rw.render(
        "part.stl",
        width=16,
        height=12,
        spp=1,
        up="-z",
        view=(-1, 0.5, 2),
        ground=False,
        background="#336699",
    )
    assert (image.to_uint8() == Image.open("part.png").convert("RGB")).all()


def test_what_is_shown_has_view_and_quality(tmp_path):
    path = lab.write_notebook(tmp_path, "cornell", {"view": [1.0, 0.0, 2.0], "spp": 16})
    (cell,) = json.loads(path.read_text())["cells"]
    assert "rw.presets.cornell(), view=[1.0, 0.0, 2.0], spp=16)" in cell["source"]
