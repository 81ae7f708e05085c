"""Files that a page asks for: bounded, and what is too large says what to write instead."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.widget import files


def test_a_file_that_no_page_could_take_says_what_to_write(monkeypatch):
    image = rw.Image(np.random.default_rng(0).random((32, 32, 3)), spp=1)
    monkeypatch.setattr(files, "PIECE", 1000)
    pieces = files.make_file(image, "npz")
    assert len(pieces) > 8
    assert max(map(len, pieces)) == 1000
    monkeypatch.setattr(files, "MOST_PIECES", 8)
    with pytest.raises(rw.PictureError, match=r"widget\.image\.save\('picture\.npz'\)"):
        files.make_file(image, "npz")
