"""The way between browser and server: slow, far, cut, as a test wants it."""

import contextlib
import heapq
import itertools
import math
import socket
import threading
import time

CHUNK = 16 * 1024


class NetworkPath:
    """A TCP proxy in front of a server, with a bandwidth and a delay in each direction."""

    def __init__(self, port):
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.bandwidth = math.inf  # bytes a second, all connections together
        self.delay = 0.0  # seconds, one way
        self._whole = threading.Event()
        self._whole.set()
        self._sockets = set()
        self._lanes = [_Lane(self), _Lane(self)]
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Break all connections, and let none through until `mend`."""
        self._whole.clear()
        for one in list(self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self):
        """Let connections through again."""
        self._whole.set()

    def close(self):
        """End it."""
        self._closed = True
        self.cut()
        self._listener.close()
        for lane in self._lanes:
            lane.close()

    def _accept(self):
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection(self._server)
            except OSError:
                near.close()
                continue
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets.add(one)
            threading.Thread(target=self._connect, args=(near, far), daemon=True).start()

    def _connect(self, near, far):
        up, down = self._lanes
        other = threading.Thread(target=self._carry, args=(far, near, down), daemon=True)
        with near, far:
            other.start()
            self._carry(near, far, up)
            other.join()
        self._sockets -= {near, far}

    def _carry(self, source, target, lane):
        done = threading.Event()
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                lane.send(target, data)
        lane.send(target, done)
        done.wait()


class _Lane:
    """One direction, shared by all connections."""

    def __init__(self, path):
        self._path = path
        self._queue = []
        self._count = itertools.count()
        self._free_at = 0.0
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._run, daemon=True).start()

    def send(self, target, data):
        now = time.monotonic()
        with self._changed:
            if self._closed:
                if not isinstance(data, bytes):
                    data.set()
                return
            size = len(data) if isinstance(data, bytes) else 0
            self._free_at = max(now, self._free_at) + size / self._path.bandwidth
            at = self._free_at + self._path.delay
            heapq.heappush(self._queue, (at, next(self._count), target, data))
            self._changed.notify()
            free_at = self._free_at
        # As a real link does, hold the sender back; some buffer is always there.
        if free_at > now + 0.1:
            time.sleep(free_at - now - 0.1)

    def close(self):
        with self._changed:
            self._closed = True
            for _, _, _, data in self._queue:
                if not isinstance(data, bytes):
                    data.set()
            self._changed.notify()

    def _run(self):
        while True:
            with self._changed:
                while not self._closed and (
                    not self._queue or self._queue[0][0] > time.monotonic()
                ):
                    wait = self._queue[0][0] - time.monotonic() if self._queue else None
                    self._changed.wait(wait if wait is None else max(wait, 0.0))
                if self._closed:
                    return
                _, _, target, data = heapq.heappop(self._queue)
            with contextlib.suppress(OSError):
                if isinstance(data, bytes):
                    target.sendall(data)
                else:
                    target.shutdown(socket.SHUT_WR)
            if not isinstance(data, bytes):
                data.set()
