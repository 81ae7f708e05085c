"""Things under names that can't be changed: what mappings become in a scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from raywidget.scene.values.described import brief

T = TypeVar("T")


class Named(Mapping[str, T], Generic[T]):
    """A read-only mapping that can be copied, pickled and written out.

    Examples
    --------
    >>> from raywidget.scene.values.named import Named
    >>> Named({"T": 3.0})
    {'T': 3}
    """

    def __init__(self, items: Mapping[str, T]) -> None:
        self._items = dict(items)

    def __getitem__(self, name: str) -> T:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{k!r}: {brief(v)}" for k, v in self._items.items()) + "}"
