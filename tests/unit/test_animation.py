import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget.errors import PictureError, SceneError, SettingsError
from raywidget.frames import Frames
from raywidget.io import films

pytestmark = pytest.mark.usefixtures("no_workers_left")

SMALL = {"width": 17, "height": 11, "spp": 1}
SCENE = rw.presets.cornell()


def scene_at(frame):
    return SCENE.replace(camera=SCENE.camera.replace(vfov=40.0 - frame))


def shown(frame, **settings):
    return rw.render(scene_at(frame), **{**SMALL, **settings}).to_uint8()


@pytest.fixture
def rendered(monkeypatch):
    """How many frames have been rendered."""
    count = []
    image = Frames.image
    monkeypatch.setattr(Frames, "image", lambda *given: (count.append(1), image(*given))[1])
    return count


def test_frames_equal_single_renders(tmp_path):
    pattern = str(tmp_path / "frame_%03d.png")
    assert rw.animate(scene_at, 3, pattern, **SMALL).name == "frame_%03d.png"
    for frame in range(3):
        with Pillow.open(tmp_path / f"frame_{frame:03d}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), shown(frame))


@pytest.mark.parametrize("suffix", [".webp", ".apng"])
def test_films_of_pillow(tmp_path, suffix):
    path = rw.animate(scene_at, 3, tmp_path / f"film{suffix}", fps=10, quality=100, **SMALL)
    assert list(tmp_path.iterdir()) == [path]  # nothing is left beside it
    with Pillow.open(path) as film:
        assert film.n_frames == 3
        film.seek(2)
        film.load()
        assert film.info["duration"] == pytest.approx(100)
        if suffix == ".apng":
            np.testing.assert_array_equal(np.asarray(film.convert("RGB")), shown(2))


def test_a_gif_lasts_as_long_as_it_is_to(tmp_path):
    path = rw.animate(
        lambda frame: scene_at(0 if frame < 3 else 9), 6, tmp_path / "a.gif", fps=24, **SMALL
    )
    total = 0
    with Pillow.open(path) as film:
        for frame in range(film.n_frames):  # equal ones are shown longer
            film.seek(frame)
            total += film.info["duration"]
    assert total == 250


# The reader of imageio-ffmpeg leaves its pipes to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_mp4_with_odd_sides(tmp_path):
    import imageio_ffmpeg

    path = rw.animate(scene_at, 4, tmp_path / "film.mp4", fps=8, quality=100, **SMALL)
    reader = imageio_ffmpeg.read_frames(str(path))
    about = next(reader)
    frames = [np.frombuffer(frame, np.uint8).reshape(12, 18, 3) for frame in reader]
    assert about["size"] == (18, 12)
    assert about["fps"] == pytest.approx(8)
    assert len(frames) == 4
    difference = frames[3][:11, :17].astype(int) - shown(3)
    assert np.abs(difference).mean() < 12  # colours have half the resolution


def test_it_goes_on_where_it_was_interrupted(tmp_path, rendered):
    def interrupted(frame):
        if frame == 2:
            raise KeyboardInterrupt
        return scene_at(frame)

    path = tmp_path / "film.apng"
    with pytest.raises(KeyboardInterrupt):
        rw.animate(interrupted, 4, path, **SMALL)
    with Pillow.open(path) as film:  # playable up to there
        assert film.n_frames == 2
    assert len(rendered) == 2
    rw.animate(scene_at, 4, path, **SMALL)
    assert len(rendered) == 4
    with Pillow.open(path) as film:
        assert film.n_frames == 4
    assert list(tmp_path.iterdir()) == [path]


def test_what_goes_wrong_leaves_what_is_finished(tmp_path, rendered):
    def wrong(frame):
        return scene_at(frame) if frame < 2 else 1 / 0

    path = tmp_path / "film.apng"
    with pytest.raises(ZeroDivisionError):
        rw.animate(wrong, 4, path, **SMALL)
    with Pillow.open(path) as film:
        assert film.n_frames == 2
    rw.animate(scene_at, 3, path, **SMALL)
    assert len(rendered) == 3
    empty = tmp_path / "empty.webp"
    with pytest.raises(SceneError, match="Interrupted in the first"):
        rw.animate(Failing(), 2, empty, **SMALL)
    assert list(tmp_path.iterdir()) == [path]


class Failing:
    """Two scenes, of which the first can't be rendered."""

    def __call__(self, frame):
        return rw.Moving(self.at, (0, 1))

    def at(self, time):
        if time == 0.5:
            return SCENE
        raise SceneError("Interrupted in the first")


@pytest.mark.skipif(sys.platform == "win32", reason="no signals that end a process politely")
def test_a_film_is_playable_where_its_process_was_ended(tmp_path):
    """SIGTERM, as a scheduler of jobs sends it."""
    code = (
        "import os, signal, raywidget as rw\n"
        "scene = rw.presets.cornell()\n"
        "def at(frame):\n"
        "    if frame == 2:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return scene\n"
        f"rw.animate(at, 99, {str(tmp_path / 'a.apng')!r}, width=8, height=8, spp=1)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, timeout=300)
    assert ended.returncode == -signal.SIGTERM
    with Pillow.open(tmp_path / "a.apng") as film:
        assert film.n_frames in (1, 2)  # equal frames may be one


def test_frames_with_an_open_shutter(tmp_path):
    """Frame k is the picture of times k to k + shutter; what is there already is not made again."""
    for shutter in (0.5, 1.0):
        rw.animate(scene_at, 2, tmp_path / "%d.png", shutter=shutter, **{**SMALL, "spp": 3})
        for frame in range(2):
            moving = rw.Moving(scene_at, (frame, frame + shutter))
            expected = rw.render(moving, **{**SMALL, "spp": 3}).to_uint8()
            with Pillow.open(tmp_path / f"{frame}.png") as picture:
                np.testing.assert_array_equal(np.asarray(picture), expected)
    same = rw.render(scene_at, shutter=(1, 2), **{**SMALL, "spp": 3}).to_uint8()
    np.testing.assert_array_equal(same, expected)


def test_a_sequence_is_exposed_between_its_scenes(tmp_path):
    scenes = [scene_at(0), scene_at(8), scene_at(10)]
    how = {**SMALL, "spp": 2}
    rw.animate(scenes, None, tmp_path / "%d.png", shutter=0.5, **how)
    for frame, scene in (
        (0, rw.Moving(rw.between(scenes[0], scenes[1]), (0, 0.5))),
        (2, scenes[2]),
    ):
        with Pillow.open(tmp_path / f"{frame}.png") as picture:
            expected = rw.render(scene, **how).to_uint8()
            np.testing.assert_array_equal(np.asarray(picture), expected)


def test_exposed_frames_are_known_again(tmp_path, rendered):
    path = tmp_path / "film.webp"
    how = {"keep_frames": True, "shutter": 0.5, **SMALL}
    rw.animate(scene_at, 2, path, **how)
    rw.animate(scene_at, 2, path, **how)
    assert len(rendered) == 2
    rw.animate(lambda time: scene_at(time + (time % 1 > 0.0) * 1e-3), 2, path, **how)
    assert len(rendered) == 4  # what is seen in between is another thing
    rw.animate(scene_at, 2, path, **{**how, "shutter": 0.25})
    assert len(rendered) == 6


def test_only_what_has_changed_is_rendered(tmp_path, rendered):
    path = tmp_path / "film.webp"
    rw.animate(scene_at, 3, path, keep_frames=True, **SMALL)
    rw.animate(scene_at, 3, path, keep_frames=True, threads=1, **SMALL)
    assert len(rendered) == 3
    rw.animate([scene_at(0), scene_at(7), scene_at(2)], None, path, keep_frames=True, **SMALL)
    assert len(rendered) == 4
    (tmp_path / "film.webp.frames" / "000001.png").write_bytes(b"damaged")
    rw.animate([scene_at(0), scene_at(7)], 2, path, keep_frames=True, **SMALL)
    assert len(rendered) == 5
    rw.animate([scene_at(0)], 1, path, **{**SMALL, "spp": 2})
    assert len(rendered) == 6


def test_alpha_and_denoising(tmp_path):
    path = rw.animate([_balls()], 1, tmp_path / "a.webp", alpha=True, width=16, height=12, spp=2)
    with Pillow.open(path) as film:
        assert film.mode == "RGBA"
    pattern = tmp_path / "%d.png"
    rw.animate(scene_at, 1, pattern, denoise="nlm", **{**SMALL, "spp": 2})
    with Pillow.open(tmp_path / "0.png") as picture:
        clean = rw.render(scene_at(0), denoise="nlm", **{**SMALL, "spp": 2}).to_uint8()
        np.testing.assert_array_equal(np.asarray(picture), clean)


def _balls():
    """Two that shine, side by side."""
    red, blue = rw.Emissive((1, 0.1, 0.1)), rw.Emissive((0.1, 0.1, 1))
    return rw.Scene(
        [rw.Sphere((0.3, 0, 0), 0.7, material=red), rw.Sphere((1.7, 0, 0.5), 0.7, material=blue)],
        camera=rw.PerspectiveCamera(look_from=(1, 0, 4), look_at=(1, 0, 0)),
    )


def test_a_turntable(tmp_path):
    scene = _balls()
    path = tmp_path / "%d.png"
    rw.turntable(scene, path, seconds=1, fps=4, width=8, height=8, spp=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.png", "1.png", "2.png", "3.png"]
    quarter = scene.replace(camera=scene.camera.replace(look_from=(5, 0, 0)))
    expected = rw.render(quarter, width=8, height=8, spp=1).to_uint8()
    first = rw.render(scene, width=8, height=8, spp=1).to_uint8()
    with Pillow.open(tmp_path / "1.png") as picture:
        seen = np.asarray(picture).astype(int)
    assert np.abs(seen - expected).mean() < 3  # the camera's place is rounded
    assert np.abs(seen - first).mean() > 20


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "message"),
    [
        ((scene_at, 0, "a.gif"), {}, SettingsError, "frames: expected 1 to 100,000, got 0"),
        ((scene_at, None, "a.gif"), {}, SettingsError, "frames: expected 1 to 100,000, got None"),
        (([SCENE], 2, "a.gif"), {}, SettingsError, "expected 1 to 1, as many as scenes, got 2"),
        ((lambda: SCENE, 2, "a.gif"), {}, SceneError, "must take one argument, the number of a"),
        ((lambda k: None, 2, "a.gif"), {}, SceneError, "frame 0 must be a Scene, got None"),
        ((7, 2, "a.gif"), {}, SceneError, "expected a function from a frame's number"),
        ((scene_at, 2, "a.mpeg"), {}, PictureError, "'a.mpeg' must end in one of .mp4"),
        ((scene_at, 2, "%d.jpg"), {}, PictureError, "must end in .png"),
        ((scene_at, 2, "no/a.gif"), {}, PictureError, "there is no folder 'no'"),
        ((scene_at, 2, "a.gif"), {"fps": 0}, SettingsError, "fps: expected 0.1 to 1000, got 0"),
        ((scene_at, 2, "a.gif"), {"shutter": 180}, SettingsError, "shutter: expected 0 to 1, got"),
        ((lambda k: [SCENE][k], 1, "a.gif"), {"shutter": 1}, TypeError, "indices must be integers"),
        ((scene_at, 2, "a.gif"), {"quality": 101}, SettingsError, "quality: expected 0 to 100"),
        ((scene_at, 2, "a.gif"), {"sp": 1}, SettingsError, "unknown setting 'sp'"),
        ((scene_at, 2, "a.mp4"), {"alpha": True}, PictureError, "knows no transparency"),
        ((lambda k: SCENE if k == 0 else 5, 2, "a.gif"), {}, SceneError, "animate: frame 1: "),
    ],
)
def test_what_can_not_be(tmp_path, monkeypatch, arguments, settings, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        rw.animate(*arguments, **{**SMALL, **settings})


def test_things_are_staged_and_seen_from_one_place(tmp_path, rendered):
    balls = [rw.Sphere((0, 0, 0), radius) for radius in (1.0, 0.5)]
    path = rw.animate(balls, path=tmp_path / "%d.png", light="sun", **SMALL)
    rw.animate(lambda k: balls[int(k)], 2, tmp_path / "f%d.png", light="sun", **SMALL)
    first = rw.studio(balls[0], light="sun", aspect=17 / 11)
    second = rw.studio(balls[1], light="sun", aspect=17 / 11).replace(camera=first.camera)
    for k, scene in enumerate((first, second)):
        expected = rw.render(scene, **SMALL).to_uint8()
        for name in (path.name % k, f"f{k}.png"):
            with Pillow.open(tmp_path / name) as picture:
                np.testing.assert_array_equal(np.asarray(picture), expected)


def test_things_that_grow_while_the_shutter_is_open(tmp_path):
    """All times of all frames are seen from where the first frame's beginning is seen."""
    path = tmp_path / "%d.png"
    rw.animate(lambda t: rw.Sphere((0, 0, 0), 1 + t), 2, path, shutter=0.5, ground=False, **SMALL)
    camera = rw.studio(rw.Sphere((0, 0, 0), 1), ground=False, aspect=17 / 11).camera
    staged = rw.Moving(
        lambda t: rw.studio(rw.Sphere((0, 0, 0), 1 + t), ground=False, aspect=17 / 11).replace(
            camera=camera
        ),
        (1, 1.5),
    )
    with Pillow.open(tmp_path / "1.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), rw.render(staged, **SMALL).to_uint8())


@pytest.mark.parametrize(("suffix", "name"), [(".webm", "libvpx-vp9"), (".mov", "prores")])
def test_films_that_are_seen_through(tmp_path, suffix, name):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    scene = rw.studio(rw.Sphere((0, 0, 0), 1), ground=False)
    path = rw.animate(
        [scene] * 2,
        path=tmp_path / f"a{suffix}",
        alpha=True,
        **{**SMALL, "width": 32, "height": 32},
    )
    decoder = ["-c:v", name] if suffix == ".webm" else []  # its own knows no alpha
    told = [*decoder, "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    run = [ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *told]
    seen = subprocess.run(run, check=True, capture_output=True, timeout=60).stdout
    alpha = np.frombuffer(seen, np.uint8).reshape(2, 32, 32, 4)[0, ..., 3]
    assert alpha[0, 0] < 8
    assert alpha[16, 16] > 247


def test_without_the_encoder(monkeypatch, tmp_path):
    monkeypatch.setattr(films.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PictureError, match=r'pip install "raywidget\[video\]"'):
        rw.animate(scene_at, 2, tmp_path / "a.mp4", **SMALL)


def test_without_the_program_of_the_encoder(monkeypatch, tmp_path):
    import imageio_ffmpeg

    def nothing():
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", nothing)
    with pytest.raises(PictureError, match="imageio-ffmpeg finds none"):
        rw.animate(scene_at, 2, tmp_path / "a.mp4", **SMALL)
    assert not list(tmp_path.iterdir())
