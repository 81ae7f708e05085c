import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.engine.film.tiles import make_tiles, order_centre_out


@given(st.integers(1, 300), st.integers(1, 300), st.integers(4, 130))
def test_tiles_cover_each_pixel_once(width, height, size):
    tiles = make_tiles(width, height, size)
    cover = np.zeros((height, width), int)
    for index, tile in enumerate(tiles):
        assert tile.index == index
        assert 0 < tile.width <= size
        assert 0 < tile.height <= size
        assert tile.x + tile.width <= width
        assert tile.y + tile.height <= height
        cover[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] += 1
    assert np.all(cover == 1)
    order = order_centre_out(tiles, width, height)
    assert sorted(order) == list(range(len(tiles)))


@pytest.mark.parametrize(
    ("width", "height", "count"), [(400, 225, 28), (64, 64, 1), (65, 64, 2), (1, 1, 1)]
)
def test_number_of_tiles(width, height, count):
    assert len(make_tiles(width, height, 64)) == count


def test_the_middle_comes_first():
    tiles = make_tiles(320, 320, 64)
    order = order_centre_out(tiles, 320, 320)
    assert order[0] == 12
    assert set(order[1:5]) == {7, 11, 13, 17}
    assert set(order[-4:]) == {0, 4, 20, 24}
