"""Arrays, words and files in one file: a ZIP that numpy opens, too, and that is not trusted.

What is written is not compressed: sums of light hardly shrink, and what is read can't grow beyond
the file that it is in. Nothing in it is ever run: no pickle.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.io.atomic import replacing

HEAD = "head.json"
_MOST_HEAD = 1 << 20  # bytes
_MOST_HEADER = 1 << 10  # of an array


def write_bundle(
    target: Path,
    head: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    files: Mapping[str, bytes],
) -> None:
    """Write all of it; what was there before is replaced only once all is on the disk.

    Parameters
    ----------
    target : Path
        Where.
    head : mapping
        What JSON can say.
    arrays : mapping of str to array
        Of numbers; each becomes ``NAME.npy``.
    files : mapping of str to bytes
        By their names.

    Raises
    ------
    OSError
        If it can't be written.
    """
    with replacing(target) as part, part.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as bundle:
            bundle.writestr(HEAD, json.dumps(head, indent=1))
            for name, content in files.items():
                bundle.writestr(name, content)
            for name, array in arrays.items():
                little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
                with bundle.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, little, version=(1, 0), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())  # or a machine without power has the new name and no content


class Bundle:
    """Reads what `write_bundle` has written, piece by piece; use it in a ``with``.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    PictureError
        Here and below, if the file can't be read, or is damaged; what is wrong is said.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._size = path.stat().st_size
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise self.error(f"can't be read: {error.strerror or error}") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise self.error(f"it is not whole ({error})") from None
        infos = self._zip.infolist()
        self._members = {info.filename: info for info in infos}
        packed = any(info.compress_type != zipfile.ZIP_STORED for info in infos)
        claimed = sum(max(info.file_size, info.compress_size) for info in infos)
        if packed or len(self._members) != len(infos) or claimed > self._size:
            self._zip.close()
            raise self.error("it was not written by raywidget")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._zip.close()

    def error(self, text: str) -> PictureError:
        """One that names the file."""
        return PictureError(f"{str(self._path)!r}: {text}")

    def head(self) -> dict[str, Any]:
        """What JSON says."""
        info = self._info(HEAD)
        if info.file_size > _MOST_HEAD:
            raise self.error(f"{HEAD} must be at most {_MOST_HEAD:,} bytes")
        try:
            head = json.loads(self._bytes(HEAD))
        except (ValueError, RecursionError) as error:
            raise self.error(f"{HEAD} is no JSON ({error})") from None
        if not isinstance(head, dict):
            raise self.error(f"{HEAD} must be an object")
        return head

    def has(self, name: str) -> bool:
        """Is there such an array?"""
        return f"{name}.npy" in self._members

    def has_file(self, name: str) -> bool:
        """Is there such a file?"""
        return name in self._members

    def array(self, name: str, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """An array of this type and shape, read-only; anything else is refused."""
        member = f"{name}.npy"
        wanted = np.dtype(dtype)
        size = wanted.itemsize * int(np.prod(shape, dtype=object))
        if not size <= self._info(member).file_size <= size + _MOST_HEADER:
            raise self.error(f"{member} must hold {shape} numbers")
        try:
            with self._zip.open(member) as file:
                if np.lib.format.read_magic(file) != (1, 0):
                    raise ValueError("its format is another one")
                got, fortran, kind = np.lib.format.read_array_header_1_0(file, _MOST_HEADER)
                if (got, fortran, kind) != (shape, False, wanted):
                    raise ValueError(f"expected {shape} of {wanted}, got {got} of {kind}")
                data = file.read()
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, SyntaxError) as error:
            raise self.error(f"{member} is damaged ({error})") from None
        if len(data) != size:
            raise self.error(f"{member} is damaged (it holds {len(data):,} bytes)")
        return np.frombuffer(data, wanted).reshape(shape)

    def copy_file(self, name: str, target: Path) -> None:
        """Write one of the files to another place."""
        self._info(name)
        try:
            with self._zip.open(name) as file, target.open("wb") as copy:
                shutil.copyfileobj(file, copy, 1 << 20)
        except (OSError, EOFError, zipfile.BadZipFile) as error:
            raise self.error(f"{name} can't be read ({error})") from None

    def _info(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise self.error(f"there is no {name} in it")
        return self._members[name]

    def _bytes(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except (OSError, EOFError, zipfile.BadZipFile, RuntimeError) as error:
            raise self.error(f"{name} is damaged ({error})") from None
