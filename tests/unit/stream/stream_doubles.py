"""Stand-ins: a render without kernels, and a browser as `docs/protocol.md` has it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from raywidget.engine.film.film import Film
from raywidget.engine.settings import RenderSettings
from raywidget.picture.development import choose_exponent, to_half
from raywidget.stream.outgoing import RECORD


class View(NamedTuple):
    generation: int
    settings: RenderSettings
    film: Film | None
    state: str
    message: str | None


class Progress(NamedTuple):
    samples: int
    goal: int
    elapsed: float
    rate: float
    noise: float | None = None


class Render:
    """A render whose tiles are published by hand."""

    def __init__(self, width=64, height=48, tile_size=16, spp=64):
        self.settings = RenderSettings(width=width, height=height, tile_size=tile_size, spp=spp)
        self.generation = 1
        self.film = Film(width, height, tile_size)
        self.state = "running"
        self.message = None
        self.done_spp = np.zeros(len(self.film.tiles), int)
        self.calls: list[Any] = []
        self.random = np.random.default_rng(7)
        self.light = 1.0

    def current(self):
        return View(self.generation, self.settings, self.film, self.state, self.message)

    def progress(self):
        return Progress(int(self.done_spp.sum()), 1000, 1.5, 100.0)

    def publish(self, index, spp=None):
        tile = self.film.tiles[index]
        self.done_spp[index] = spp or self.done_spp[index] + 1
        n = int(self.done_spp[index])
        sums = self.random.random((tile.height, tile.width, 3)) * n * self.light
        self.film.publish(tile, sums, n)

    def publish_all(self, spp=None):
        for tile in self.film.tiles:
            self.publish(tile.index, spp)

    def pause(self):
        self.calls.append("pause")
        self.state = "paused"

    def resume(self):
        self.calls.append("resume")
        self.state = "running"

    def stop(self):
        self.calls.append("stop")
        self.state = "stopped"

    def restart(self):
        self.calls.append("restart")
        self.generation += 1
        self.state = "running"
        self.film = Film(self.film.width, self.film.height, self.settings.tile_size)
        self.done_spp[:] = 0

    def extend(self, spp):
        self.calls.append(("more", spp))
        self.settings = self.settings.replace(spp=self.settings.spp + spp)
        self.state = "running"

    def describe(self):
        return None

    def move_camera(self, move):
        self.calls.append(move)

    def settle_camera(self):
        self.calls.append("settle")

    def answer(self, question):
        self.calls.append(question)


def read_tiles(content, buffer):
    """The records of a `tiles` message with their pixels, each a (rows, columns, 3) array."""
    n = content["n"]
    head = np.frombuffer(buffer, RECORD, n)
    offset = n * RECORD.itemsize
    tiles = []
    for record in head:
        x, y, width, height, level, exponent, spp = (int(value) for value in record)
        assert min(width, height, spp) > 0
        rows, columns = math.ceil(height / 2**level), math.ceil(width / 2**level)
        exact = content["encoding"] == "half3"
        decode = decode_half3 if exact else decode_luma8
        half, size = decode(buffer, offset, rows, columns)
        offset += math.ceil(size / 4) * 4
        exact &= level == 0
        tiles.append(SentTile(x, y, width, height, level, exponent, spp, exact, half))
    assert offset == len(buffer)
    return tiles


class SentTile(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    level: int
    exponent: int
    spp: int
    exact: bool
    half: np.ndarray


def decode_half3(buffer, offset, rows, columns):
    size = 6 * rows * columns
    return np.frombuffer(buffer, "<f2", size // 2, offset).reshape(rows, columns, 3), size


def decode_luma8(buffer, offset, rows, columns):
    low, step = np.frombuffer(buffer, "<f4", 2, offset)
    codes = np.frombuffer(buffer, np.uint8, rows * columns, offset + 8).reshape(rows, columns)
    squares = (math.ceil(rows / 2), math.ceil(columns / 2), 2)
    start = offset + 8 + rows * columns
    colour = np.frombuffer(buffer, np.uint8, math.prod(squares), start).reshape(squares)
    sums = np.where(codes > 0, 2.0 ** (low + (codes - 1.0) * step), 0.0)
    share = colour.repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns] / 255.0
    red, blue = sums * share[..., 0], sums * share[..., 1]
    rgb = np.stack([red, np.maximum(sums - red - blue, 0.0), blue], axis=-1)
    size = 8 + rows * columns + math.prod(squares)
    return np.minimum(rgb, 65504.0).astype(np.float16), size


class Picture:
    def __init__(self, begin):
        self.generation = begin["generation"]
        self.half = np.zeros((begin["height"], begin["width"], 3), np.float16)
        self.spp = np.zeros(self.half.shape[:2], int)
        self.exact = np.zeros(self.half.shape[:2], bool)
        self.exponent = 0
        self.exponent_seq = 0

    def apply(self, tile, seq):
        assert tile.x + tile.width <= self.half.shape[1]
        assert tile.y + tile.height <= self.half.shape[0]
        if tile.exponent != self.exponent:
            if seq < self.exponent_seq:
                return
            scaled = np.ldexp(self.half.astype(np.float32), self.exponent - tile.exponent)
            self.half = np.minimum(scaled, 65504.0).astype(np.float16)
            self.exponent = tile.exponent
        self.exponent_seq = max(self.exponent_seq, seq)
        where = (slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width))
        if (2 * self.spp[where] + self.exact[where] > 2 * tile.spp + tile.exact).any():
            return
        side = 2**tile.level
        grown = tile.half.repeat(side, axis=0).repeat(side, axis=1)
        self.half[where] = grown[: tile.height, : tile.width]
        self.spp[where] = tile.spp
        self.exact[where] = tile.exact


QUIET = ("paused", "done", "stopped", "failed")


class Browser:
    """A page: it says hello, applies tiles, acknowledges; times are in seconds."""

    HELLO_AT = (0.0, 0.15, 0.5, 1.0, 2.0)

    def __init__(self, client, now):
        self.client = client
        self.epoch = None
        self.generation = 0
        self.seq = None
        self.state = None
        self.message = None
        self.spp = 0
        self.visible = True
        self.front = None
        self.back = None
        self.missing = []
        self.first = None
        self.welcomes = 0
        self.others = []  # coarse pictures, and answers to questions
        self.hello_from = now
        self.hellos = 0
        self.ack_from = math.inf
        self.acked_at = -math.inf
        self.newest_at = -math.inf
        self.heard_at = -math.inf
        self.repeats = 0
        self.need = None
        self.need_at = math.inf

    @property
    def picture(self):
        return self.back or self.front

    def receive(self, content, buffers, now):
        self.heard_at = now
        self.repeats = 0
        kind = content["k"]
        if kind == "welcome":
            if content["client"] == self.client:
                self.epoch = content["epoch"]
                if self.seq is None or content["next"] - 1 > self.seq:
                    self.seq = content["next"] - 1
                    self.newest_at = -math.inf
                elif not self.welcomes and self.first is not None:
                    unheard = list(range(content["next"], self.first))
                    self.missing = (unheard + self.missing)[-64:]
                self.welcomes += 1
                self.hello_from = None
                self.ack_from = -math.inf
            return
        if self.epoch is None and kind != "tiles":
            self.epoch = content["epoch"]
        if content["epoch"] != self.epoch:
            return
        if kind in ("coarse", "pixel", "vantage", "file"):
            self.others.append((content, buffers))
            return
        if kind == "tiles":
            self._arrived(content["seq"], content.get("soon") is not False, now)
        if content["generation"] < self.generation:
            return
        if kind == "begin":
            self.spp = content["spp"]
            if content["generation"] > self.generation:
                self.generation = content["generation"]
                self._begin(content)
            if self.need is not None and self.generation >= self.need:
                self.need = None
        elif content["generation"] > self.generation:
            if kind == "tiles":
                self.missing = [*self.missing, content["seq"]][-64:]
            self.need = content["generation"]
            self.need_at = now if kind == "tiles" else now + 1.0
        elif kind == "state":
            self.state = content["state"]
            self.message = content["message"]
        elif kind == "tiles":
            for tile in read_tiles(content, buffers[0]):
                self._apply(tile, content["seq"])

    def _begin(self, content):
        if self.front is None or not self.front.spp.any():
            self.front, self.back = Picture(content), None
        else:
            self.back = Picture(content)

    def _apply(self, tile, seq):
        self.picture.apply(tile, seq)
        if self.back is not None and self.back.spp.all():
            self.front, self.back = self.back, None

    def _arrived(self, seq, soon, now):
        last = self.seq if self.seq is not None else seq - 1
        self.first = seq if self.first is None else self.first
        calm = not soon and seq == last + 1
        self.ack_from = min(self.ack_from, now + (0.25 if calm else 0.0))
        if seq <= last:
            self.missing = [lost for lost in self.missing if lost != seq]
            return
        self.missing = (self.missing + list(range(last + 1, seq)))[-64:]
        if seq - last - 1 > 64:
            self.need, self.need_at = self.generation, -math.inf
        self.seq = seq
        self.newest_at = now

    def show(self, visible):
        if visible != self.visible:
            self.ack_from = -math.inf
        self.visible = visible

    def hello_at(self):
        if self.hello_from is None:
            return math.inf
        last = len(self.HELLO_AT) - 1
        late = max(self.hellos - last, 0) * 5.0
        return self.hello_from + self.HELLO_AT[min(self.hellos, last)] + late

    def _hello(self):
        have = None
        if self.seq is not None and self.generation and self.welcomes:
            have = {"epoch": self.epoch, "generation": self.generation, "seq": self.seq}
        return {"k": "hello", "v": 1, "client": self.client, "have": have}

    def ack_at(self):
        if self.seq is None:
            return math.inf
        if self.ack_from < math.inf:
            return max(self.ack_from, self.acked_at + 0.05)
        if not self.visible or not self.welcomes or self.state == "closed":
            return math.inf
        if self.state not in QUIET or self.repeats < 3:
            return max(self.heard_at, self.acked_at) + 5.0
        return math.inf

    def wake_at(self):
        return min(self.hello_at(), self.ack_at(), math.inf if self.need is None else self.need_at)

    def poll(self, now):
        due = []
        if now >= self.hello_at():
            due.append(self._hello())
            while self.hello_at() <= now:
                self.hellos += 1
        if now >= self.ack_at():
            held = max(self.ack_at() - self.newest_at, 0.0)
            due.append(
                {
                    "k": "ack",
                    "client": self.client,
                    "epoch": self.epoch,
                    "seq": self.seq,
                    "missing": list(self.missing),
                    "visible": self.visible,
                    "held": round(1000 * held) if held < math.inf else 0,
                }
            )
            self.repeats = 0 if self.ack_from < math.inf else self.repeats + 1
            if self.repeats > 1 and self.state not in QUIET:
                due.append(self._hello())
            self.ack_from = math.inf
            self.acked_at = now
        if self.need is not None and now >= self.need_at and self.epoch is not None:
            due.append(
                {
                    "k": "need",
                    "client": self.client,
                    "epoch": self.epoch,
                    "generation": max(self.need, 1),
                }
            )
            self.need_at = now + 1.0
            if self.need <= self.generation:
                self.need = None
        return due


def shows(browser, render):
    """Does the page show exactly what the film holds, and nothing of another render?"""
    picture = browser.front
    if browser.back is not None or picture is None or picture.generation != render.generation:
        return False
    whole = np.zeros(picture.half.shape, np.float32)
    for tile in render.film.tiles:
        where = (slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width))
        whole[where] = render.film.read(tile).pixels
    if render.state not in ("compiling", "running"):  # until then, it may lag behind
        assert picture.exponent == choose_exponent(whole)
    for tile in render.film.tiles:
        state = render.film.read(tile)
        where = (slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width))
        if (picture.spp[where] != state.spp).any():
            return False
        expected = to_half(state.pixels, picture.exponent)
        if state.spp and not np.array_equal(picture.half[where], expected):
            return False
    return True
