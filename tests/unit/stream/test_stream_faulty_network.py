"""Whatever the network and the pages do: in the end the picture is there, and memory is bounded."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from simulated_world import World
from stream_doubles import Render, shows

from raywidget.stream.flow import MAX_CLIENTS, MAX_IN_FLIGHT
from raywidget.stream.window import CEILING, FLOOR


class FaultyNetwork(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 2**32), big=st.booleans())
    def begin(self, seed, big):
        # The big one is more than half a megabyte: newcomers first get it coarsely.
        render = Render(400, 300, 50) if big else Render(50, 40, 16)
        self.world = World(render, seed)
        self.world.open_page()

    @rule(indices=st.lists(st.integers(0, 10_000), min_size=1, max_size=20))
    def tiles_finish(self, indices):
        for index in indices:
            self.world.publish(index % len(self.world.render.film.tiles))

    @rule()
    def pass_finishes(self):
        self.world.publish_all()

    @rule(
        drop=st.sampled_from([0.0, 0.1, 0.4]),
        jitter=st.sampled_from([0.0, 0.1]),
        rate=st.sampled_from([3.0, 30.0, 300.0]),
    )
    def tiles_pour_in(self, drop, jitter, rate):
        world = self.world
        for network in (world.down, world.up):
            network.drop, network.jitter = drop, jitter
        end = world.now + 1.5
        while world.now < end:
            world.publish(world.down.random.randrange(len(world.render.film.tiles)))
            world.run(1 / rate)

    @rule(seconds=st.sampled_from([0.001, 0.01, 0.04, 0.2, 1.0, 3.0, 12.0]))
    def time_passes(self, seconds):
        self.world.run(seconds)

    @rule(
        drop=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
        duplicate=st.sampled_from([0.0, 0.3]),
        jitter=st.sampled_from([0.0, 0.05, 1.5]),
        delay=st.sampled_from([0.0, 0.01, 0.4, 2.5]),
        bandwidth=st.sampled_from([math.inf, 1e5, 1e6]),
        down=st.booleans(),
    )
    def network_changes(self, drop, duplicate, jitter, delay, bandwidth, down):
        network = self.world.down if down else self.world.up
        network.drop, network.duplicate = drop, duplicate
        network.jitter, network.delay, network.bandwidth = jitter, delay, bandwidth

    @rule(light=st.sampled_from([1e-6, 1.0, 1.0, 1e7]))
    def light_changes(self, light):
        self.world.render.light = light

    @rule()
    def network_heals(self):
        self.world.down.heal()
        self.world.up.heal()

    @rule(fails=st.booleans())
    def sending_fails(self, fails):
        self.world.send_fails = fails

    @rule(which=st.integers(0, 5), visible=st.booleans())
    def page_is_scrolled(self, which, visible):
        self.world.pages[which % len(self.world.pages)].show(visible)

    @rule()
    def second_page(self):
        if len(self.world.pages) < 3:
            self.world.open_page()

    @rule(which=st.integers(0, 5))
    def page_reloads(self, which):
        del self.world.pages[which % len(self.world.pages)]
        self.world.open_page()

    @rule()
    def displayed(self):
        self.world.display()

    @rule()
    def restart(self):
        self.world.restart()

    @rule(state=st.sampled_from(["running", "paused", "stopped", "done"]))
    def state_changes(self, state):
        self.world.change(state)

    @invariant()
    def memory_is_bounded(self):
        if not hasattr(self, "world"):
            return
        flow = self.world.flow
        size, count = flow.in_flight()
        ledger = self.world.conversation._tiles.ledger
        biggest = max(ledger.sizes["half3"]) if ledger else 0
        assert FLOOR <= flow.window.limit <= CEILING
        assert count <= 2 * MAX_IN_FLIGHT
        assert len(flow.flights) <= 2 * MAX_IN_FLIGHT
        assert len(flow.clients) <= MAX_CLIENTS
        assert size <= CEILING + biggest + 16

    def teardown(self):
        if not hasattr(self, "world"):
            return
        world = self.world
        self.network_heals()
        world.send_fails = False
        for page in world.pages:
            page.show(True)
        for tile, version in zip(
            world.render.film.tiles, world.render.film.versions(), strict=True
        ):
            if version == 0:  # and no others: what was said about those has to be enough
                world.publish(tile.index)
        world.run(30.0)
        world.change("done")
        world.run(3.0)
        for page in world.pages:
            assert shows(page, world.render)
        assert world.flow.in_flight() == (0, 0)
        assert all(page.state == "done" for page in world.pages)
        before = world.turns
        world.run(60.0)
        assert world.turns - before < 10  # when all is said, there is silence


FaultyNetwork.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestFaultyNetwork = FaultyNetwork.TestCase


@pytest.mark.parametrize("seed", [1248108, 1374812, 2293416])
def test_a_page_that_joins_while_messages_are_lost_misses_no_tile(seed):
    # The welcome was lost; it was overtaken by tiles; tiles came before the beginning of theirs.
    network = FaultyNetwork()
    network.begin(seed=seed, big=False)
    network.displayed()
    network.tiles_pour_in(drop=0.4, jitter=0.1, rate=30.0)
    network.teardown()
