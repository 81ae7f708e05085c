"""glTF files, put together piece by piece."""

import io
import json
import struct

import numpy as np
from PIL import Image

from raywidget.io.scene_files import read_scene

SQUARE = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)], np.float32)
CORNERS = np.array([0, 1, 2, 2, 1, 3], np.uint16)
TYPES = {"b": 5120, "B": 5121, "h": 5122, "H": 5123, "I": 5125, "f": 5126}
KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class File:
    """A glTF file that is being put together."""

    def __init__(self, **tree):
        self.data = b""
        self.tree = {"asset": {"version": "2.0"}, "accessors": [], "bufferViews": [], **tree}

    def view(self, blob, **more):
        self.data += b"\0" * (-len(self.data) % 4)
        place = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(blob), **more}
        self.tree["bufferViews"].append(place)
        self.data += blob
        return len(self.tree["bufferViews"]) - 1

    def accessor(self, array, **more):
        array = np.asarray(array)
        columns = 1 if array.ndim == 1 else array.shape[1]
        self.tree["accessors"].append(
            {
                "bufferView": self.view(array.tobytes()),
                "componentType": TYPES[array.dtype.char],
                "count": len(array),
                "type": KINDS[columns],
                **more,
            }
        )
        return len(self.tree["accessors"]) - 1

    def mesh(self, material=None, mode=4, indices=CORNERS, positions=SQUARE, **attributes):
        primitive = {"attributes": {"POSITION": self.accessor(positions)}, "mode": mode}
        for name, array in attributes.items():
            primitive["attributes"][name] = (
                array if isinstance(array, int) else self.accessor(array)
            )
        if indices is not None:
            primitive["indices"] = self.accessor(indices)
        if material is not None:
            primitive["material"] = 0
            self.tree["materials"] = [material]
        self.tree.setdefault("meshes", []).append({"primitives": [primitive]})
        self.tree.setdefault("nodes", [{"mesh": 0}])
        return self

    def picture(self, pixels, **sampler):
        stream = io.BytesIO()
        Image.fromarray(np.asarray(pixels, np.uint8)).save(stream, "PNG")
        view = self.view(stream.getvalue())
        self.tree.setdefault("images", []).append({"bufferView": view, "mimeType": "image/png"})
        self.tree["samplers"] = [sampler]
        self.tree.setdefault("textures", []).append(
            {"source": len(self.tree["images"]) - 1, "sampler": 0}
        )
        return {"index": len(self.tree["textures"]) - 1}

    def bytes(self):
        data = self.data + b"\0" * (-len(self.data) % 4)
        tree = {**self.tree, "buffers": [{"byteLength": len(data)}]}
        text = json.dumps(tree).encode()
        text += b" " * (-len(text) % 4)
        head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(data))
        return head + b"".join(
            struct.pack("<II", len(part), kind) + part
            for part, kind in ((text, 0x4E4F534A), (data, 0x004E4942))
        )

    def read(self, folder):
        path = folder / "a.glb"
        path.write_bytes(self.bytes())
        return read_scene(path)
