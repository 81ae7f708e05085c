"""What runs elsewhere: `carry_out`, called by an executor with one order after the other.

A worker keeps what it has unpacked, the latest first, so that an order is a few hundred bytes and
the sums of its pieces. It holds no thread and no connection of ours.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from raywidget.engine.backends.orders import Answer, Order, Piece, stamp
from raywidget.engine.backends.parcel import Bytes, aligned, digests_in, unpack
from raywidget.engine.film.tiles import Tile

if TYPE_CHECKING:
    from raywidget.engine.renderer import Tracer

MOST_TRACERS = 4  # scenes and cameras that a worker keeps at hand
REFUSAL_SECONDS = 0.2  # who refuses at once would be given all the work there is
# One kernel call takes about this long, so that an order ends when its time is over.
CALL_SECONDS = 0.05


class _Shelf:
    """Arrays and tracers of one process."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.arrays: dict[str, Bytes] = {}
        self.tracers: OrderedDict[str, tuple[Tracer, list[str]]] = OrderedDict()

    def tracer(self, order: Order) -> Tracer | list[str]:
        """The one that an order needs, or digests of arrays that are missing."""
        description = order["description"]
        key = description["key"]
        with self.lock:
            if key not in self.tracers:
                for digest, plain in order["arrays"].items():
                    if digest not in self.arrays:
                        self.arrays[digest] = aligned(plain)
                digests = digests_in(description)
                missing = [digest for digest in digests if digest not in self.arrays]
                if missing:
                    return missing
                from raywidget.engine.renderer import Tracer

                tracer = Tracer(unpack(description, self.arrays.__getitem__))
                self.tracers[key] = tracer, digests
                self._forget_old()
            self.tracers.move_to_end(key)
            return self.tracers[key][0]

    def _forget_old(self) -> None:
        while len(self.tracers) > MOST_TRACERS:
            self.tracers.popitem(last=False)
        used = {digest for _, digests in self.tracers.values() for digest in digests}
        self.arrays = {name: array for name, array in self.arrays.items() if name in used}


_shelf = _Shelf()


def carry_out(order: Order, digests: Sequence[str] = (), *arrays: Bytes) -> Answer:
    """Render what an order asks for; `arrays` have been brought by an engine itself."""
    global _shelf
    if _shelf.process != os.getpid():  # forked: its lock may be held by a thread that is not here
        _shelf = _Shelf()
    answer: Answer = {"worker": f"{socket.gethostname()}:{os.getpid()}"}
    if order["stamp"] != stamp():
        time.sleep(REFUSAL_SECONDS)
        return answer | {"refused": f"it has raywidget {stamp()}, and not {order['stamp']}"}
    from raywidget.kernels.language.toolchain import choose_width

    if order["lanes"] != choose_width():
        time.sleep(REFUSAL_SECONDS)
        return answer | {"lanes": choose_width()}
    if arrays:
        order = order | {"arrays": order["arrays"] | dict(zip(digests, arrays, strict=True))}
    tracer = _shelf.tracer(order)
    if isinstance(tracer, list):
        return answer | {"missing": tracer}
    return answer | _render(tracer, order)


def _render(tracer: Tracer, order: Order) -> Answer:
    begin = time.perf_counter()
    deadline = begin + order["seconds"]
    done: list[Any] = []
    counts = [0, 0]  # rays, dropped
    pace = 0.0  # seconds for a sample of a pixel
    for piece in order["pieces"]:
        if done and time.perf_counter() >= deadline:
            done.append((0, None, None, None, []))
            continue
        result, pace = _take(tracer, Piece(*piece), deadline, pace, counts)
        done.append(result)
    seconds = time.perf_counter() - begin
    return {"done": done, "rays": counts[0], "dropped": counts[1], "seconds": seconds}


def _take(
    tracer: Tracer, piece: Piece, deadline: float, pace: float, counts: list[int]
) -> tuple[tuple[Any, ...], float]:
    """The samples of one piece, as many as there is time for, and the pace at which they came."""
    tile = Tile(0, piece.x, piece.y, piece.width, piece.height)
    shape = piece.height, piece.width
    sums, swings, coverage = piece.sums, piece.swings, piece.coverage
    if sums is None or swings is None:
        sums, swings = np.zeros((*shape, 3)), np.zeros((*shape, 3), np.float32)
    if tracer.has_alpha and coverage is None:
        coverage = np.zeros(shape)
    cancel = np.zeros(1, np.uint8)
    most = tracer.most_samples(tile)
    splats: list[Any] = []
    taken = 0
    while taken < piece.spp and (taken == 0 or time.perf_counter() < deadline):
        pixels = shape[0] * shape[1]
        count = 1 if pace == 0.0 else int(CALL_SECONDS / (pace * pixels))
        count = max(1, min(count, piece.spp - taken, most))
        first = piece.first + taken
        new_sums, new_swings = np.empty_like(sums), np.empty_like(swings)
        begin = time.perf_counter()
        rendered = tracer.render(tile, first, count, new_sums, cancel, new_swings, (sums, swings))
        if coverage is not None:
            covered = np.empty_like(coverage)
            tracer.cover(tile, first, count, covered, cancel, coverage)
            coverage = covered
        sums, swings = new_sums, new_swings
        taken += count
        seconds = (time.perf_counter() - begin) / (count * pixels)
        pace = seconds if pace == 0.0 else 0.5 * (pace + seconds)
        counts[0] += rendered.rays
        counts[1] += rendered.dropped
        if rendered.splats is not None:
            log, used = rendered.splats
            splats.append((log.places[:used].copy(), log.values[:used].copy()))
    return (taken, sums, swings, coverage, splats), pace
