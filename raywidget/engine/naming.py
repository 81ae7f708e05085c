"""Names of scenes by all that they are made of, to know them again."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable

from raywidget.errors import SceneError
from raywidget.io.gltf.exact import fingerprint
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene


def name_of(scene: Scene) -> str:
    """Of a scene, also of one that no file can hold: that may have another name the next time."""
    try:
        return fingerprint(scene)
    except SceneError:
        return hashlib.sha256(pickle.dumps(scene, protocol=4)).hexdigest()


def name_of_moving(scene: Moving, shares: Iterable[float]) -> str:
    """What moves is known by what it is when so much of its exposure has gone by."""
    names = [name_of(scene.at_share(share)) for share in shares]
    return hashlib.sha256("".join(names).encode()).hexdigest()
