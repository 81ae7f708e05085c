"""A kernel, pages, and a network between them that does everything a network can do wrong."""

from __future__ import annotations

import heapq
import itertools
import math
import random

from stream_doubles import Browser, Render

from raywidget.stream.conversation import Conversation, Disconnected
from raywidget.stream.inbox import Inbox


class Network:
    """Delays, drops, duplicates and reorders."""

    def __init__(self, seed=0):
        self.random = random.Random(seed)
        self.delay = 0.01
        self.bandwidth = math.inf  # bytes a second
        self.jitter = 0.0
        self.drop = 0.0
        self.duplicate = 0.0
        self._queue: list = []
        self._count = itertools.count()
        self._last = 0.0
        self._free_at = 0.0

    def heal(self):
        self.jitter = self.drop = self.duplicate = 0.0
        self.delay = 0.01
        self.bandwidth = math.inf
        self._free_at = 0.0

    def send(self, now, content, buffers=()):
        message = (content, buffers)
        self._free_at = max(now, self._free_at) + sum(map(len, buffers)) / self.bandwidth
        copies = 2 if self.random.random() < self.duplicate else 1
        for _ in range(copies):
            if self.random.random() < self.drop:
                continue
            at = self._free_at + self.delay
            if self.jitter:
                at += self.random.random() * self.jitter
            else:
                at = self._last = max(at, self._last)  # in order, unless there is jitter
            heapq.heappush(self._queue, (at, next(self._count), message))

    def stall(self, until):
        """Keep everything back until then."""
        self._queue = [(max(at, until), *rest) for at, *rest in self._queue]
        heapq.heapify(self._queue)
        self._free_at = self._last = until

    def next_at(self):
        return self._queue[0][0] if self._queue else math.inf

    def deliver(self, now):
        while self._queue and self._queue[0][0] <= now:
            yield heapq.heappop(self._queue)[2]


class World:
    """Runs in simulated time, from event to event. Takes turns only when the pump would."""

    def __init__(self, render=None, seed=0):
        self.now = 100.0
        self.render = render or Render()
        self.down = Network(seed)
        self.up = Network(seed + 1)
        self.pages: list[Browser] = []
        self.send_fails = False
        self.closed = False
        self.sent: list[tuple[float, dict, int]] = []  # when, content, bytes
        self.announced: list[str] = []
        self.inbox = Inbox()
        self.conversation = Conversation(
            self.render,
            self.inbox,
            self._send,
            epoch=77,
            clock=lambda: self.now,
            announce=self.announced.append,
        )
        self.news = True
        self.turn_at = self.now
        self.turns = 0
        self._clients = itertools.count(1)

    @property
    def flow(self):
        return self.conversation.flow

    def _send(self, content, buffers):
        if self.closed:
            raise Disconnected
        if self.send_fails:
            raise OSError("no network")
        assert all(type(buffer) is bytes for buffer in buffers)
        assert "id" not in content
        self.sent.append((self.now, content, sum(map(len, buffers))))
        self.down.send(self.now, content, buffers)

    def messages(self, kind, since=-math.inf):
        return [content for at, content, _ in self.sent if content["k"] == kind and at >= since]

    def open_page(self):
        page = Browser(next(self._clients), self.now)
        self.pages.append(page)
        return page

    def say(self, content):
        """A message reaches the kernel."""
        if self.inbox.put(content):
            self.news = True

    def publish(self, index, spp=None):
        self.render.publish(index, spp)
        if self.conversation.hungry:
            self.news = True

    def publish_all(self, spp=None):
        for tile in self.render.film.tiles:
            self.publish(tile.index, spp)

    def change(self, state, message=None):
        self.render.state, self.render.message = state, message
        self.news = True

    def display(self):
        self.inbox.displayed = True
        self.news = True

    def restart(self):
        self.render.restart()
        self.news = True

    def stall(self, seconds):
        """Nothing gets through for so long; then all of it does."""
        for network in (self.down, self.up):
            network.stall(self.now + seconds)

    def run(self, seconds):
        """Let so much time pass."""
        end = self.now + seconds
        for _ in range(200_000):
            if self.news or self.turn_at <= self.now:
                self.news = False
                self.turns += 1
                self.turn_at = self.now + max(self.conversation.turn(), 0.004)
            for content, buffers in self.down.deliver(self.now):
                for page in self.pages:
                    page.receive(content, buffers, self.now)
            for content, _ in self.up.deliver(self.now):
                self.say(content)
            for page in self.pages:
                for message in page.poll(self.now):
                    self.up.send(self.now, message)
            if self.news:
                later = self.now + 0.0005
            else:
                times = [page.wake_at() for page in self.pages]
                later = min(self.turn_at, self.down.next_at(), self.up.next_at(), *times, end)
                later = max(later, self.now + 1e-6)
            if later >= end:
                self.now = end
                return
            self.now = later
        raise AssertionError("the world goes round and round without getting anywhere")
