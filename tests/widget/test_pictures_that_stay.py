"""The picture beside the widget, in its state, and in a page of its own."""

import base64
import io
import json
import re
import time

import IPython
import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget.errors import PictureError
from raywidget.picture.development import choose_exponent, to_half
from raywidget.picture.transparency import lay_over_checkerboard
from raywidget.stream.ledger import Ledger
from raywidget.stream.outgoing import RECORD
from raywidget.widget import static_image as still
from raywidget.widget.snapshot import encode_snapshot
from raywidget.widget.static_image import Still


class Shell:
    """As much of IPython as shows outputs."""

    def __init__(self):
        self.shown = []
        self.display_pub = self

    def publish(self, data, metadata=None, *, transient=None, update=False, **more):
        self.shown.append((data, transient or {}, update))
        self.metadata = metadata

    def pictures(self):
        return [
            (np.asarray(png(data)), transient["display_id"], update)
            for data, transient, update in self.shown
            if set(data) == {"image/png"}
        ]


def png(data):
    return Pillow.open(io.BytesIO(base64.b64decode(data["image/png"])))


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(
        "IPython.display.publish_display_data",
        lambda data, metadata=None, **more: shell.publish(data, metadata, **more),
    )
    return shell


def until(condition):
    deadline = time.monotonic() + 120.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_widget_is_shown_first_and_its_picture_is_brought_up_to_date(make_widget, shell):
    widget = make_widget()
    widget._ipython_display_()
    assert "application/vnd.jupyter.widget-view+json" in shell.shown[0][0]
    assert widget.wait(300)
    final = widget.image.to_uint8()
    pictures = shell.pictures()
    assert pictures[0][2] is False
    assert {name for _, name, _ in pictures} == {f"raywidget-{widget._key}"}
    assert np.array_equal(pictures[-1][0], final)


def test_without_anybody_who_waits_the_picture_is_kept_too(make_widget, shell):
    widget = make_widget()
    widget._ipython_display_()
    widget._session.wait(300)
    final = widget.image.to_uint8()
    until(lambda: np.array_equal(shell.pictures()[-1][0], final))
    widget.curve = "filmic"
    filmic = widget.image.to_uint8()
    until(lambda: np.array_equal(shell.pictures()[-1][0], filmic))


def test_what_comes_while_a_picture_is_kept_is_kept_too(make_widget, shell):
    widget = make_widget(spp=1000, passes=1000)
    session, taken = widget._session, []

    def look(coarse):
        taken.append(session.image())
        if len(taken) == 1:  # all the rest comes before the picture is kept
            widget.resume()
            assert session.wait(300)
        return taken[-1]

    until(lambda: session.progress().samples > 2 * 48 * 32)
    widget.pause()
    still = Still(session, "7", look, lambda: None)
    still.display()
    still.settle()
    still.close()
    assert np.array_equal(shell.pictures()[0][0], taken[0].to_uint8())
    assert np.array_equal(shell.pictures()[-1][0], session.image().to_uint8())
    assert not np.array_equal(shell.pictures()[-1][0], shell.pictures()[0][0])


def test_the_first_picture_of_a_large_one_is_coarse_and_shown_as_large(make_widget, shell):
    widget = make_widget(width=400, height=300, spp=10**6, passes=1, exposure=1.0)
    until(lambda: widget._still._coarse is not None)
    widget._ipython_display_()
    (picture, _, update) = shell.pictures()[0]
    coarse = widget._still._coarse
    assert not update
    assert coarse.pixels.shape[1] < 400
    expected = rw.Image(coarse.pixels, spp=1, exposure=1.0).to_uint8()
    np.testing.assert_array_equal(picture, expected)
    assert shell.metadata == {"image/png": {"width": 400, "height": 300}}


def test_before_there_is_a_picture_a_placeholder_says_so(make_widget, shell):
    widget = make_widget(autostart=False)
    widget._ipython_display_()
    ((picture, _, _),) = shell.pictures()
    assert picture.shape[:2] == (32, 48)
    text = png(shell.shown[1][0]).text
    assert text == {"raywidget": widget._key}
    widget.start()
    assert widget.wait(300)
    assert np.array_equal(shell.pictures()[-1][0], widget.image.to_uint8())


def test_what_is_not_displayed_is_not_kept(make_widget, shell):
    widget = make_widget()
    widget.wait(300)
    assert shell.shown == []


def test_closing_ends_the_thread(make_widget, shell, threads_end):
    widget = make_widget(spp=10**6)
    widget._ipython_display_()
    widget.close()
    threads_end()


def test_placeholders_of_all_sizes():
    for size in [(1, 1), (7, 900), (5000, 3000)]:
        picture = Pillow.open(io.BytesIO(still.encode_placeholder(*size, "compiling", "7")))
        assert picture.width * picture.height <= still.MOST_PIXELS


# -- the state ------------------------------------------------------------------------------------


def test_the_state_has_the_picture(make_widget):
    widget = make_widget()
    widget.wait(300)
    data = widget.get_state()["_snapshot"]
    (record,) = np.frombuffer(data, RECORD, 1)
    assert (record["x"], record["y"], record["width"], record["height"]) == (0, 0, 48, 32)
    half = np.frombuffer(data, "<f2", 48 * 32 * 3, RECORD.itemsize).reshape(32, 48, 3)
    assert np.array_equal(half, to_half(widget.image.pixels))


def kept(widget):
    """The pictures that pages were sent for their state."""
    with widget.comm.lock:
        return [
            bytes(buffers[0])
            for kind, data, buffers, _ in widget.comm.published
            if kind == "comm_msg" and data.get("buffer_paths") == [["_snapshot"]]
        ]


def test_what_was_done_before_it_was_shown_is_in_the_state_of_pages_too(make_widget, shell):
    """They learned the state when the widget was made, and there was no picture then."""
    widget = make_widget()
    assert widget._session.wait(300)
    widget._ipython_display_()
    until(lambda: kept(widget))
    assert kept(widget) == [encode_snapshot(widget.image)]
    widget.exposure = 1.0
    until(lambda: len(kept(widget)) > 1)


def test_what_a_page_shows_within_another_widget_is_in_the_state_too(make_widget, shell):
    widget = make_widget()
    assert widget._session.wait(300)
    assert not widget._still.displayed
    widget._handle_custom_msg({}, [])  # whatever it says: a page is there
    until(lambda: kept(widget))
    assert kept(widget) == [encode_snapshot(widget.image)]
    assert shell.pictures() == []


class Unfinished:
    """A session that has yet to say that it is done."""

    def __init__(self, session):
        self._session = session
        self.done = False

    def current(self):
        view = self._session.current()
        return view if self.done else view._replace(state="running")


def test_what_was_whole_before_it_was_done_is_settled_too(make_widget, shell):
    widget = make_widget()
    assert widget._session.wait(300)
    session, settled = Unfinished(widget._session), []
    still = Still(session, "7", lambda coarse: widget.image, lambda: settled.append(1))
    still.display()
    still.settle()
    assert settled == []
    session.done = True
    still.wake()
    until(lambda: settled)
    still.settle()  # once is enough
    assert settled == [1]
    still.close()
    assert len(shell.pictures()) == 1


def test_what_could_not_be_sent_is_sent_when_there_is_news(make_widget, shell):
    widget = make_widget()
    assert widget._session.wait(300)
    settled = []

    def send():
        settled.append(1)
        if len(settled) == 1:
            raise OSError("no way out")

    still = Still(widget._session, "7", lambda coarse: widget.image, send)
    still.display()
    until(lambda: settled)
    still.wake()
    until(lambda: len(settled) == 2)
    still.close()


def test_before_the_first_sample_the_state_has_none(make_widget):
    assert make_widget(autostart=False).get_state()["_snapshot"] == b""


def test_snapshots_have_a_pre_exposure_and_a_limit():
    pixels = np.full((100, 200, 3), 3e7, np.float32)
    data = encode_snapshot(rw.Image(pixels, spp=9), most_pixels=1000)
    (record,) = np.frombuffer(data, RECORD, 1)
    assert record["exponent"] == choose_exponent(pixels) > 0
    assert (record["level"], record["spp"]) == (3, 9)
    assert len(data) == RECORD.itemsize + 6 * 25 * 13 + 2  # padded
    half = np.frombuffer(data, "<f2", 3 * 25 * 13, RECORD.itemsize)
    np.testing.assert_allclose(np.ldexp(half.astype(float), record["exponent"]), 3e7, rtol=1e-3)


# -- a page ---------------------------------------------------------------------------------------


def test_a_page_has_all_that_it_needs(make_widget, tmp_path):
    widget = make_widget(exposure=1.5)
    widget.wait(300)
    path = tmp_path / "a & b.html"
    widget.to_html(path)
    text = path.read_text(encoding="utf-8")
    assert "<title>a &amp; b: 48 x 32, 4 spp</title>" in text
    data = json.loads(re.search(r'id="raywidget-page">(.*?)</script>', text, re.DOTALL)[1])
    assert base64.b64decode(data["snapshot"]) == encode_snapshot(widget.image)
    assert data["state"]["exposure"] == 1.5
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["picture.png", "picture", "no/such/folder.html"])
def test_pages_that_cannot_be_written(make_widget, tmp_path, name):
    with pytest.raises(PictureError, match=r"must end in|can't save"):
        make_widget().to_html(tmp_path / name)


# --- Pictures that are cut out --------------------------------------------------------------------


@pytest.fixture
def cut_out():
    scene = rw.Scene(
        [rw.Sphere((0, 0, 0), 1)],
        emitters=[rw.ConstantEnvironment(1)],
        camera=rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0)),
    )
    widget = rw.RayWidget(scene, width=64, height=48, spp=4, alpha=True)
    widget.wait()
    yield widget
    widget.close()


def test_the_canvas_shows_a_board_and_what_is_kept_is_cut_out(cut_out):
    image = cut_out.image
    assert 0.1 < image.alpha.mean() < 0.9
    assert png(cut_out._repr_mimebundle_()[0]).mode == "RGBA"
    # What goes to the canvas piece by piece is what the state keeps of the whole.
    film = cut_out._session.current().film
    ledger = Ledger(film, 2000)
    shown = np.full(image.pixels.shape, -1, np.float32)
    for index, piece in enumerate(ledger.pieces):
        rows, columns = (
            slice(a, a + n) for a, n in ((piece.y, piece.height), (piece.x, piece.width))
        )
        shown[rows, columns] = ledger.read(index).pixels
    expected = lay_over_checkerboard(image.pixels, image.alpha)
    np.testing.assert_array_equal(shown, expected)
    kept = np.frombuffer(encode_snapshot(image)[RECORD.itemsize :], "<f2").reshape(shown.shape)
    np.testing.assert_array_equal(kept, to_half(expected, choose_exponent(expected)))


def test_a_small_copy_has_no_dark_rim():
    """Colours of squares of pixels are means by alpha: what is behind does not darken them."""
    alpha = np.zeros((1200, 1200), np.float32)
    alpha[:, ::2] = 1.0
    image = rw.Image(np.repeat(0.5 * alpha[..., None], 3, axis=2), alpha=alpha, spp=1)
    with Pillow.open(io.BytesIO(still.encode_still(image, "key"))) as picture:
        assert picture.size == (600, 600)
        shown = np.asarray(picture)
    assert abs(int(shown[..., 3].min()) - 128) <= 1
    full = rw.Image(np.full((1, 1, 3), 0.5), spp=1).to_uint8()[0, 0, 0]
    assert np.abs(shown[..., :3].astype(int) - int(full)).max() <= 1
