import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget import progress
from raywidget.cli import commands, main
from raywidget.io import images
from raywidget.terminal import Signals

pytestmark = pytest.mark.usefixtures("no_workers_left")

ROOT = Path(__file__).parents[2]
SMALL = ["--width", "20", "--height", "16", "--spp", "4", "--seed", "5"]
SETTINGS = {"width": 20, "height": 16, "spp": 4, "seed": 5}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    """main(), with the exit code of argparse as a result."""
    try:
        return main([str(a) for a in arguments])
    except SystemExit as exit_:
        return exit_.code


def told(text):
    """What is on standard error beside how far the render is."""
    lines = text.splitlines(keepends=True)
    progress = re.compile(
        r"raywidget: (reading |read in |preparing the scene|done, |ended at |\d+ %, )"
    )
    return "".join(line for line in lines if not progress.match(line))


def one_line(capsys):
    out, err = capsys.readouterr()
    err = told(err)
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("name", ["cornell", "default", "trianglemesh"])
def test_the_pixels_are_those_of_render(folder, name):
    assert run("render", name, *SMALL, "-o", "picture.npy", "--quiet") == 0
    image = rw.render(rw.presets.preset(name), **SETTINGS)
    np.testing.assert_array_equal(np.load("picture.npy"), image.pixels)


class SlowReading:
    """Files are read as soon as it was said that they are."""

    def __init__(self, monkeypatch, patience=60.0):
        self.said, self.heard = [], threading.Event()
        monkeypatch.setattr(progress, "SOON", 0.01)

        def say(line):
            self.said.append(line)
            self.heard.set()

        def load(path):
            assert self.heard.wait(patience) is (patience > 1.0)
            return rw.presets.cornell()

        monkeypatch.setattr(progress, "_say", say)
        monkeypatch.setattr(commands, "load_scene", load)


def test_what_is_read_is_told_on_standard_error_while_it_is_read(folder, monkeypatch, capsys):
    slow = SlowReading(monkeypatch)
    assert run("convert", "room.xml", "room.glb") == 0
    first, second = slow.said
    assert first == "raywidget: reading room.xml"
    assert re.fullmatch(r"raywidget: read in [\d.]+ s: 8 shapes", second)
    assert "reading" not in capsys.readouterr().out


def test_what_a_film_is_of_is_told_while_it_is_read(folder, monkeypatch):
    rw.presets.cornell().save("room.glb")
    slow = SlowReading(monkeypatch)
    read = commands.scene_and_settings

    def read_slowly(*arguments):
        assert slow.heard.wait(60.0)
        return read(*arguments)

    monkeypatch.setattr(commands, "scene_and_settings", read_slowly)
    shot = ["--seconds", 0.5, "--fps", 2, "--width", 8, "--height", 8, "--spp", 1]
    assert run("turntable", "room.glb", *shot, "-o", "room.webp") == 0
    assert slow.said[0] == "raywidget: reading room.glb"
    assert "shapes" in slow.said[1]


def test_quiet_commands_say_nothing_of_what_they_read(folder, monkeypatch):
    slow = SlowReading(monkeypatch, patience=0.2)
    assert run("convert", "room.xml", "room.glb", "--quiet") == 0
    assert slow.said == []


def test_what_is_read_at_once_is_not_told(folder, monkeypatch, capsys):
    monkeypatch.setattr(progress, "SOON", 600.0)
    monkeypatch.setattr(commands, "load_scene", lambda path: rw.presets.cornell())
    assert run("convert", "room.xml", "room.glb") == 0
    assert capsys.readouterr().err == ""


def test_a_picture_is_cut_out(folder):
    assert run("render", "spheregrid", *SMALL, "--alpha", "-o", "picture.png", "--quiet") == 0
    image = rw.render(rw.presets.preset("spheregrid"), alpha=True, **SETTINGS)
    with Pillow.open("picture.png") as picture:
        assert picture.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(picture), image.to_uint8())


def test_every_setting_has_a_flag(folder):
    flags = [
        *("--max-depth", 3, "--no-roulette", "--no-next-event", "--integrator", "path"),
        *("--sampler", "independent", "--passes", 2, "--tile-size", 8, "--threads", 1),
    ]
    assert run("render", "cornell", *SMALL, *flags, "-o", "picture.npy", "--quiet") == 0
    image = rw.render(
        rw.presets.cornell(),
        max_depth=3,
        roulette=False,
        next_event=False,
        sampler="independent",
        **SETTINGS,
    )
    np.testing.assert_array_equal(np.load("picture.npy"), image.pixels)
    other = rw.render(rw.presets.cornell(), **SETTINGS)
    assert np.any(other.pixels != image.pixels)


def test_a_quality_is_a_word_for_settings_that_others_overrule(folder):
    small = ["--width", 12, "--height", 8, "--quiet"]
    assert run("render", "cornell", *small, "--quality", "draft", "-o", "a.npz") == 0
    assert run("render", "cornell", *small, "--quality", "draft", "--spp", 2, "-o", "b.npz") == 0
    for name, spp in (("a", 16), ("b", 2)):
        image = rw.render(rw.presets.cornell(), width=12, height=8, spp=spp)
        with np.load(f"{name}.npz", allow_pickle=False) as arrays:
            np.testing.assert_array_equal(arrays["pixels"], image.pixels)


def test_log_files_are_told_how_far_it_is(folder, capsys):
    assert run("render", "cornell", *SMALL, "-o", "a.png") == 0
    _, err = capsys.readouterr()
    assert re.search(r"^raywidget: done, 4 samples per pixel in ", err, re.MULTILINE)
    assert "\r" not in err
    assert run("render", "cornell", *SMALL, "-o", "a.png", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_help_tells_units_and_defaults(capsys):
    assert run("render", "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "width in pixels (default 640)",
        "samples per pixel (default 64)",
        "in stops (default 0)",
        "in scene units",
        "Russian roulette (default yes)",
        "(default: 1 0.6 1, or the file's camera)",
        "draft: 16 samples per pixel; good: 1024 samples per pixel or a noise of 0.03",
    ):
        assert words in text, words


def test_aovs_filter_and_goal_for_noise(folder, capsys):
    flags = ["--aov", "depth", "--aov", "normal", "--filter", "tent", "--filter-radius", 1.5]
    flags += ["--noise", 5, "--spp", 64, "--integrator", "direct"]
    assert run("render", "cornell", *SMALL, *flags, "-o", "picture.npz") == 0
    settings = {"filter": "tent", "filter_radius": 1.5, "integrator": "direct"}
    settings["sampler"] = "halves"
    image = rw.render(
        rw.presets.cornell(), **{**SETTINGS, **settings, "spp": 16, "aovs": ["depth", "normal"]}
    )
    with np.load("picture.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["pixels"], image.pixels)
        np.testing.assert_array_equal(arrays["depth"], image.aovs["depth"])
        np.testing.assert_array_equal(arrays["normal"], image.aovs["normal"])
    out, _ = capsys.readouterr()
    assert "16 samples per pixel" in out
    assert f"noise           {image.noise:.3g}" in out


def test_the_picture_is_named_after_the_preset(folder, capsys):
    assert run("render", "cornell-boxes", *SMALL) == 0
    assert os.listdir() == ["cornell-boxes.png"]
    out, _ = capsys.readouterr()
    assert "20 x 16, 4 samples per pixel" in out
    assert f"samples         {20 * 16 * 4:,}" in out
    assert "saved           cornell-boxes.png" in out


def test_display_settings_go_into_the_file(folder):
    display = ["--exposure", "1.5", "--curve", "filmic"]
    assert run("render", "default", *SMALL, *display, "-o", "a.png", "--quiet") == 0
    image = rw.render(rw.presets.default(), exposure=1.5, curve="filmic", **SETTINGS)
    np.testing.assert_array_equal(np.asarray(Pillow.open("a.png")), image.to_uint8())
    assert np.any(image.to_uint8() != image.to_uint8(0.0, "srgb"))


def test_passes_are_saved(folder, capsys):
    assert run("render", "cornell", *SMALL, "--save-passes", "-o", "out.v1.npy", "--quiet") == 0
    assert sorted(os.listdir()) == ["out.v1.npy", "out.v1_pass_01.npy", "out.v1_pass_02.npy"]
    for name, spp in (("out.v1_pass_01", 1), ("out.v1_pass_02", 2), ("out.v1", 4)):
        image = rw.render(rw.presets.cornell(), **{**SETTINGS, "spp": spp})
        np.testing.assert_array_equal(np.load(f"{name}.npy"), image.pixels)
    assert capsys.readouterr() == ("", "")


def test_the_final_file_is_always_there(folder):
    # The reference lost it in one of twelve runs.
    for k in range(40):
        saving = ["--save-passes"] if k % 2 else []
        arguments = ["--width", 8, "--height", 8, "--spp", 6, "--passes", 6, "--quiet", *saving]
        assert run("render", "cornell", *arguments, "-o", f"{k}.png") == 0
        assert Path(f"{k}.png").stat().st_size > 0
        assert len(list(Path().glob(f"{k}_pass_*.png"))) == (5 if k % 2 else 0)


def test_scenes_are_listed(capsys):
    assert run("scenes") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = [line for line in out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == list(rw.presets.NAMES)
    for line, description in zip(lines, rw.presets.describe().values(), strict=True):
        assert line.endswith(description)
    assert out.count("--option light=quad") >= 3


def test_options_of_presets(folder):
    options = ["--option", "size=4", "--option", "finish=matte"]
    assert run("render", "spheregrid", *SMALL, *options, "-o", "picture.npy", "--quiet") == 0
    image = rw.render(rw.presets.spheregrid(size=4, finish="matte"), **SETTINGS)
    np.testing.assert_array_equal(np.load("picture.npy"), image.pixels)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("size", "--option: expected NAME=VALUE, got 'size'"),
        ("size=two", "size must be a whole number, got 'two'"),
        ("sise=2", "preset 'spheregrid' takes size, finish, got 'sise'"),
    ],
)
def test_wrong_options_of_presets(folder, capsys, option, message):
    assert run("render", "spheregrid", "--option", option) == 2
    assert message in one_line(capsys)


def test_the_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out.strip() == rw.__version__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cornel"], "did you mean 'cornell'"),
        (["cornell", "--width", "0"], "width: expected 1 to"),
        (["cornell", "--spp", "-4"], "spp: expected 1 to"),
        (["cornell", "-o", "picture.docx"], "docx"),
        (["cornell", "-o", "picture"], "must end in one of .png"),
        (["cornell", "--exposure", "inf"], "exposure"),
    ],
)
def test_wrong_input_is_2_and_one_line(folder, capsys, arguments, message):
    assert run("render", *arguments) == 2
    err = one_line(capsys)
    assert err.startswith("raywidget: ")
    assert message in err
    assert os.listdir() == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["render"],
        ["render", "cornell", "--width", "ten"],
        ["render", "cornell", "--curve", "wavy"],
        ["render", "cornell", "--unknown"],
        ["render", "cornell", "--sampler", "sobol"],
    ],
)
def test_wrong_arguments_are_2(folder, capsys, arguments):
    assert run(*arguments) == 2
    assert "usage: raywidget" in capsys.readouterr().err


def test_a_picture_that_cannot_be_saved_is_an_error_of_one_line(folder, capsys):
    assert run("render", "cornell", *SMALL, "--quiet", "-o", "no/such/folder/a.png") == 2
    assert one_line(capsys).startswith("raywidget: ")


def test_a_failed_render_is_1(folder, capsys, monkeypatch):
    def fail(*_, **__):
        raise rw.RenderError("the render failed:\n MemoryError")

    monkeypatch.setattr(commands, "render", fail)
    assert run("render", "cornell") == 1
    assert one_line(capsys) == "raywidget: the render failed: MemoryError\n"


def test_an_interrupt_is_130(folder, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "render", interrupt)
    assert run("render", "cornell") == 130
    assert one_line(capsys) == "raywidget: interrupted\n"
    assert os.listdir() == []


def test_what_is_there_is_kept(folder, capsys, monkeypatch):
    done = rw.render(rw.presets.cornell(), width=8, height=8, spp=3)
    real = rw.Image(done.pixels, spp=2, settings=done.settings, statistics=done.statistics)
    asked = {}

    def stop(scene, **arguments):
        asked.update(arguments)
        return real

    monkeypatch.setattr(commands, "render", stop)
    assert run("render", "cornell", "--keep", "-o", "a.npy", "--quiet") == 130
    assert asked["on_interrupt"] == "return"
    np.testing.assert_array_equal(np.load("a.npy"), done.pixels)
    assert one_line(capsys) == "raywidget: interrupted; a.npy has what was there\n"


def start(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "raywidget", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_python_m_raywidget(folder):
    process = start(folder, "render", "cornell", *SMALL, "-o", "a.npy", "--quiet")
    assert process.communicate(timeout=600) == ("", "")
    assert process.returncode == 0
    image = rw.render(rw.presets.cornell(), **SETTINGS)
    np.testing.assert_array_equal(np.load("a.npy"), image.pixels)


@pytest.mark.skipif(os.name != "posix", reason="needs signals between processes")
@pytest.mark.parametrize("keep", [False, True])
def test_ctrl_c(folder, keep):
    endless = ["--width", "32", "--height", "32", "--spp", "10000000"]
    process = start(
        folder, "render", "cornell", *endless, "-o", "a.png", "--save-passes", *["--keep"] * keep
    )
    try:
        deadline = time.monotonic() + 600
        while not (folder / "a_pass_03.png").exists():  # it is well under way
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("raywidget: interrupted")
    assert (folder / "a.png").exists() is keep


@pytest.mark.skipif(os.name != "posix", reason="needs signals between processes")
@pytest.mark.parametrize("keep", [False, True])
def test_sigterm(folder, keep):
    endless = ["--width", "32", "--height", "32", "--spp", "10000000"]
    process = start(
        folder, "render", "cornell", *endless, "-o", "a.png", "--save-passes", *["--keep"] * keep
    )
    try:
        deadline = time.monotonic() + 600
        while not (folder / "a_pass_03.png").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 143
    assert len(told(err).splitlines()) == 1
    assert told(err).startswith("raywidget: terminated")
    assert (folder / "a.png").exists() is keep
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_waits_until_a_pass_is_saved(folder, capsys, monkeypatch, number, keep):
    save, told_so = rw.Image.save, []

    def be_told_while_saving(image, path, *shown, **paper):
        if not told_so:
            told_so.append(number)
            signal.raise_signal(number)
        save(image, path, *shown, **paper)

    monkeypatch.setattr(rw.Image, "save", be_told_while_saving)
    small = ["--width", "8", "--height", "8", "--spp", "4", "--passes", "2", "--quiet"]
    keeping = ["--keep"] * keep
    code = run("render", "cornell", *small, "-o", "a.npy", "--save-passes", *keeping)
    word = {143: "terminated", 130: "interrupted"}[code]
    assert word == ("terminated" if number == signal.SIGTERM else "interrupted")
    rest = "; a.npy has what was there" if keep else ""
    assert one_line(capsys) == f"raywidget: {word}{rest}\n"
    assert sorted(os.listdir()) == ["a.npy"] * keep + ["a_pass_01.npy"]
    assert np.load("a_pass_01.npy").shape == (8, 8, 3)


def test_sigterm_is_handled_as_before_when_the_command_has_ended(folder):
    before = signal.getsignal(signal.SIGTERM)
    assert run("scenes") == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_signals_wait_while_a_picture_is_saved():
    signals = Signals()
    saved = []

    def save():
        with signals.listening(), signals.finishing():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            saved.append(True)

    with pytest.raises(KeyboardInterrupt):
        save()
    assert saved == [True]
    assert signals.terminated


def test_nothing_is_saved_before_the_first_sample(folder, capsys, monkeypatch):
    done = rw.render(rw.presets.cornell(), width=8, height=8, spp=3)
    nothing = rw.Image(done.pixels, spp=0, settings=done.settings, statistics={"samples": 0})
    monkeypatch.setattr(commands, "render", lambda *_, **__: nothing)
    assert run("render", "cornell", "--keep", "-o", "a.npy", "--quiet") == 130
    assert one_line(capsys) == "raywidget: interrupted before the first sample; nothing was saved\n"
    assert os.listdir() == []


def never(*_, **__):
    raise AssertionError("it was rendered all the same")


def test_the_output_is_tried_before_the_render(folder, capsys, monkeypatch):
    monkeypatch.setattr(commands, "render", never)

    def refuse(target):
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(images, "check_writable", refuse)
    assert run("render", "cornell", "-o", "a.png") == 2
    assert one_line(capsys) == "raywidget: can't save 'a.png': Permission denied\n"


def test_an_encoder_that_cannot_be_loaded_is_told_before_the_render(folder, capsys, monkeypatch):
    monkeypatch.setattr(commands, "render", never)
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    assert run("render", "cornell", "-o", "a.exr") == 2
    assert ".exr needs the OpenEXR package" in one_line(capsys)


def test_a_picture_that_cannot_be_saved_afterwards_is_rescued(folder, capsys, monkeypatch):
    (folder / "out").mkdir()
    real = commands.render

    def lose_the_folder(*arguments, **keywords):
        image = real(*arguments, **keywords)
        (folder / "out").rmdir()
        return image

    monkeypatch.setattr(commands, "render", lose_the_folder)
    assert run("render", "cornell", *SMALL, "--quiet", "--aov", "depth", "-o", "out/a.png") == 1
    err = one_line(capsys)
    assert "there is no folder" in err
    (saved,) = os.listdir()
    assert err.endswith(f"; the picture is in {folder / saved}\n")
    image = rw.render(rw.presets.cornell(), **SETTINGS, aovs=["depth"])
    with np.load(saved) as arrays:
        np.testing.assert_array_equal(arrays["pixels"], image.pixels)
        np.testing.assert_array_equal(arrays["depth"], image.aovs["depth"])


def test_a_pass_that_cannot_be_saved_does_not_end_the_render(folder, capsys, monkeypatch):
    real = rw.Image.save

    def full(self, path, *shown, **paper):
        if "_pass_01" in str(path):
            raise rw.PictureError("can't save it: No space left on device")
        real(self, path, *shown, **paper)

    monkeypatch.setattr(rw.Image, "save", full)
    assert run("render", "cornell", *SMALL, "--quiet", "--save-passes", "-o", "a.npy") == 1
    assert one_line(capsys) == "raywidget: can't save it: No space left on device\n"
    assert sorted(os.listdir()) == ["a.npy", "a_pass_02.npy"]


def test_passes_are_saved_in_the_form_that_was_asked_for(folder):
    form = ["--bits", "16", "--dpi", "150"]
    assert run("render", "cornell", *SMALL, "--quiet", "--save-passes", *form, "-o", "a.png") == 0
    assert sorted(os.listdir()) == ["a.png", "a_pass_01.png", "a_pass_02.png"]
    for name in os.listdir():
        header = Path(name).read_bytes()[:33]
        assert header[24] == 16  # bits of a channel, the ninth byte of IHDR
        with Pillow.open(name) as picture:
            assert picture.info["dpi"] == pytest.approx((150, 150), abs=0.02)


def test_a_black_picture_is_told_in_one_line(folder, capsys):
    arguments = ["cornell", *SMALL, "--quiet", "--max-depth", "1", "--exposure", "-40"]
    assert run("render", *arguments, "-o", "a.png") == 0
    assert one_line(capsys).startswith("raywidget: warning: the picture is black: ")


def shell(command, **more):
    python = f"{sys.executable} -m raywidget"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["sh", "-c", command.replace("raywidget", python)],
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        check=False,
        **more,
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["scenes", "--version", "--help", "render --help"])
def test_a_full_standard_output_is_one_line(command):
    done = shell(f"raywidget {command} > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "raywidget: can't write to standard output: No space left on device\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_standard_output_loses_no_picture(folder):
    small = " ".join(SMALL)
    done = shell(f"raywidget render cornell {small} -o a.npy > /dev/full", cwd=folder)
    assert done.returncode == 1
    assert told(done.stderr).count("\n") == 1
    assert os.listdir() == ["a.npy"]


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize("command", ["scenes", "--help"])
@pytest.mark.parametrize("output", [">&-", "2>&- >&-", "| head -n 0"])
def test_a_closed_standard_output_is_no_error(command, output):
    done = shell(f"raywidget {command} {output}")
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_folder_that_is_gone_is_one_line_before_the_render(folder):
    done = shell("mkdir gone; cd gone; rmdir ../gone; raywidget render cornell", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("raywidget: can't save 'cornell.png': ")


def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m raywidget scenes | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cornell")
    assert done.stderr == ""


def test_info_tells_versions_and_why_kernels_are_compiled(capsys):
    assert run("info") == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told["raywidget"].startswith(rw.__version__)
    assert told["numpy"] == np.__version__
    assert told["kernels"] == "compiled here: the package brings no machine code"
    assert "kernels-" in told["kept"]


def test_warmup_tells_what_it_does(capsys):
    assert run("warmup", "--integrator", "path") == 0
    out = capsys.readouterr().out
    assert "path, plain scenes: " in out
    assert "kernels are in" in out
    assert run("warmup", "--integrator", "paths") == 2


def test_from_scene_to_scene_while_the_shutter_is_open(folder, capsys):
    start = rw.presets.preset("simple-sphere")
    end = start.replace(camera=start.camera.replace(look_from=(1.0, 0.5, 0.5)))
    start.save("start.glb")
    end.save("end.glb")
    files = ["start.glb", "--until", "end.glb", "-o", "a.npy", "--quiet"]
    assert run("render", *files, "--shutter", "0.2", "0.7", *SMALL) == 0
    expected = rw.render(rw.between(start, end), shutter=(0.2, 0.7), **SETTINGS)
    np.testing.assert_array_equal(np.load("a.npy"), expected.pixels)
    assert run("render", "start.glb", "--shutter", "0", "1", *SMALL) == 2
    assert "--shutter: needs --until FILE" in capsys.readouterr().err


def test_a_turntable(folder, capsys):
    small = ["--width", "16", "--height", "12", "--spp", "1"]
    arguments = ["--seconds", "1", "--fps", "3", "-o", "a.webp"]
    assert run("turntable", "cornell", *small, *arguments) == 0
    assert "a.webp" in capsys.readouterr().out
    with Pillow.open("a.webp") as film:
        assert film.n_frames >= 2  # from behind its walls all is black, and one frame
    assert run("turntable", "cornell", *small, "--fps", "0") == 2


def test_a_page_that_is_turned(folder, capsys):
    small = ["--width", "16", "--height", "12", "--spp", "1", "--no-denoise"]
    arguments = ["--views", "3", "2", "--arc", "40", "-o", "a.html"]
    assert run("orbit", "cornell", *small, *arguments) == 0
    assert "a.html: 6 views of 16 x 12, quality 80, " in capsys.readouterr().out
    assert run("orbit", "cornell", *small, "--views", "0", "1") == 2
    assert run("orbit", "cornell", *small, "-o", "a.png") == 2


def test_a_denoised_picture(folder):
    assert run("render", "cornell", *SMALL, "--denoise", "nlm", "-o", "a.npz", "--quiet") == 0
    clean = rw.render(rw.presets.cornell(), denoise="nlm", **SETTINGS)
    with np.load("a.npz") as arrays:
        np.testing.assert_array_equal(arrays["pixels"], clean.pixels)
        np.testing.assert_array_equal(arrays["raw"], clean.raw.pixels)


@pytest.mark.parametrize("suffix", [".png", ".exr", ".webp", ".tif", ".jpg", ".hdr"])
def test_a_render_like_a_picture(tmp_path, monkeypatch, suffix):
    if suffix == ".exr":
        pytest.importorskip("OpenEXR")
    monkeypatch.chdir(tmp_path)
    first, again, other = (f"{name}{suffix}" for name in ("first", "again", "other"))
    how = ["--width", "30", "--spp", "3", "--seed", "7", "--exposure", "1.5", "--curve", "agx"]
    how += ["--region", "3", "4", "20", "17", "--max-depth", "3"]
    assert main(["render", "cornell-empty", *how, "-o", first, "--quiet"]) == 0
    like = ["render", "cornell-empty", "--like", first, "--quiet"]
    assert main([*like, "-o", again]) == 0
    assert Path(again).read_bytes() == Path(first).read_bytes()
    assert main([*like, "-o", other, "--seed", "8"]) == 0
    assert Path(other).read_bytes() != Path(first).read_bytes()


def test_all_that_made_a_picture_is_repeated(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scene = rw.presets.preset("cornell-empty")
    scene.save("a.glb")
    scene.replace(camera=scene.camera.replace(vfov=60)).save("b.glb")
    Path("part.off").write_text("OFF 3 1 0  0 0 0  1 0 0  0 1 0.5  3 0 1 2")
    small = ["--width", "24", "--height", "18", "--spp", "2", "--quiet"]
    for what, how in (
        (["part.off"], ["--light", "sun", "--background", "#204060", "--view", "1", "2", "1"]),
        (["a.glb", "--until", "b.glb"], ["--shutter", "0.2", "0.6"]),
        (["part.off"], ["--shadow", "--alpha"]),
        (["cornell-empty"], ["--option", "light=point", "--denoise", "nlm"]),
        (["a.glb"], ["--clamp-indirect", "0.3", "--max-depth", "4"]),
    ):
        plain = main(["render", *what, *small, "-o", "plain.png"])
        assert main(["render", *what, *small, *how, "-o", "first.png"]) == plain == 0
        assert main(["render", *what, "--like", "first.png", "--quiet", "-o", "again.png"]) == 0
        assert Path("again.png").read_bytes() == Path("first.png").read_bytes()
        assert Path("plain.png").read_bytes() != Path("first.png").read_bytes()
    rw.render(scene, width=8, height=8, spp=2, shutter=None).save("still.png")
    rw.render(rw.between(scene, scene), width=8, height=8, spp=2, shutter=(0, 1)).save("moved.png")
    capsys.readouterr()
    assert main(["render", "a.glb", "--like", "moved.png", "-o", "again.png"]) == 0
    assert "give --until FILE" in capsys.readouterr().out


def test_how_large_it_is_on_paper(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ["render", "cornell-empty", "--width", "8", "--height", "8", "--spp", "1", "--quiet"]
    assert main([*small, "--dpi", "300", "--bits", "16", "-o", "a.png"]) == 0
    assert Path("a.png").read_bytes()[24] == 16  # the bit depth in IHDR
    with Pillow.open("a.png") as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    for wrong, told in (
        (["--bits", "16", "-o", "a.jpg"], "bits=16 is for .png and .tif"),
        (["--bits", "16", "--curve", "agx"], "bits=16 goes with the curves"),
        (["--dpi", "0"], "dpi must be"),
    ):
        assert main([*small, *wrong]) == 2
        assert told in capsys.readouterr().err


def test_a_picture_chooses_no_file_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("part.off").write_text("OFF 3 1 0  0 0 0  1 0 0  0 1 0.5  3 0 1 2")
    image = rw.render("part.off", width=8, height=8, spp=1, background="#204060")
    for place in ("/etc/hostname", "../secret.png"):
        image.remember({"staging": {"background": place, "light": "sun", "nonsense": 3}})
        image.save("odd.png")
        assert main(["render", "part.off", "--like", "odd.png", "--quiet", "-o", "b.png"]) == 0


def test_pictures_that_say_nothing_or_nonsense(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    image = rw.Image(np.zeros((4, 4, 3)), spp=1)
    image.save("none.png")
    image.save("wrong.png", text={"raywidget-settings": '{"width": "wide"}'})
    image.save("shut.png", text={"raywidget-settings": '{"shutter": [1, 0]}'})
    image.save("broken.png", text={"raywidget-settings": "[" * 1000})
    Path("text.png").write_text("no picture")
    for name in (
        "none.png",
        "wrong.png",
        "shut.png",
        "broken.png",
        "text.png",
        "missing.png",
        "a.npy",
    ):
        assert main(["render", "cornell", "--like", name, "--quiet"]) == 2
        assert name in capsys.readouterr().err


def test_one_side_keeps_the_aspect(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wide = rw.presets.cornell().replace(defaults={"width": 160, "height": 90, "spp": 1})
    wide.save("wide.glb")
    for side, number in (("--width", "32"), ("--height", "18")):
        assert main(["render", "wide.glb", side, number, "-o", "a.npy", "--quiet"]) == 0
        assert np.load("a.npy").shape == (18, 32, 3)
    assert rw.render(wide, width=32, height=32).shape == (32, 32, 3)
    assert rw.render(wide, width=1).shape == (1, 1, 3)
