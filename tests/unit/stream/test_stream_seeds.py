"""A whole render through a bad channel, many times: in the end a page shows the very picture."""

import numpy as np
import pytest
from simulated_world import World
from stream_doubles import Render, shows

SEEDS = 100


def bad(network):
    network.drop, network.duplicate, network.jitter = 0.1, 0.05, 0.08


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_picture_arrives_through_losses_doubles_disorder_and_stalls(seed):
    world = World(Render(160, 120, 32, spp=12), seed)
    random = world.down.random
    bad(world.down)
    bad(world.up)
    page = world.open_page()
    for _ in range(12):
        order = list(range(len(world.render.film.tiles)))
        random.shuffle(order)
        for index in order:
            world.publish(index)
            world.run(random.choice([0.004, 0.02, 0.05]))
        if random.random() < 0.2:
            world.stall(2.0)
        if random.random() < 0.1:
            world.pages.clear()  # the page is loaded anew
            page = world.open_page()
    assert len(world.messages("tiles")) >= 12
    world.change("done")
    world.run(60.0)
    assert page.state == "done"
    assert shows(page, world.render)
    assert np.all(page.front.spp == 12)
    assert page.front.exact.all()
