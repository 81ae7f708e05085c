"""Code in the pages: blocks that tests run, and the calls that tables show.

A fence of ``python`` is run, all of a page in one namespace, one after the other; one of ``py`` is
in the words of another program. What stands in ``` `rw.Name(...)` ``` within a line is looked at
only: names and keywords have to be there.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import raywidget as rw

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
SMALL = {"width": 48, "height": 32, "spp": 2}
# A film has as many frames as a test has time for.
SHORT = {
    r"\bseconds=\d+": "seconds=0.1, width=32, height=24, spp=1",
    r"\b240, ": "2, ",
    r"\bdenoise=True\)$": "denoise=True, width=32, height=24, spp=1)",
}
TAKES_SETTINGS = {"render", "show", "RayWidget", "Figure", "animate", "turntable", "to_html"}


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Blocks of a language, with the lines that they begin in."""
    text = page.read_text(encoding="utf-8")
    found = [m for m in FENCE.finditer(text) if m[1] == language]
    return [(text.count("\n", 0, m.start()) + 2, m[2]) for m in found]


def small(source: str) -> str:
    """The same code with small pictures."""
    for name, value in SMALL.items():
        pattern = rf"\b{name}=(\d+)"
        source = re.sub(pattern, lambda m, n=name, v=value: f"{n}={min(v, int(m[1]))}", source)
    source = re.sub(r"\bregion=\([\d, ]+\)", "region=(4, 4, 16, 8)", source)
    if "orbit=True" in source:
        few = "orbit=True, views=(3, 1)"
        source = re.sub(r"\borbit=True, megabytes", f"{few}, width=32, spp=1, megabytes", source)
        source = re.sub(r"\borbit=True(?!, views)", few, source)
    if "animate(" in source or "turntable(" in source:
        for pattern, value in SHORT.items():
            source = re.sub(pattern, value, source, flags=re.MULTILINE)
    return source


def inline_calls(page: Path) -> Iterator[ast.Call]:
    """Calls of public names within the lines of a page."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for match in INLINE.finditer(text):
        if "rw." not in match[1]:
            continue
        tree = ast.parse(match[1])
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node):
                yield node


def wrong(call: ast.Call) -> str | None:
    """What is wrong with a call, if anything."""
    value: Any = rw
    for part in _name(call).split("."):
        if part not in getattr(value, "__all__", dir(value)):
            return f"there is no {_name(call)}"
        value = getattr(value, part)
    known = set(inspect.signature(value).parameters)
    if _name(call) in TAKES_SETTINGS:
        known |= set(inspect.signature(rw.RenderSettings).parameters)
        known |= set(inspect.signature(rw.studio).parameters)
    for keyword in call.keywords:
        if keyword.arg is not None and keyword.arg not in known:
            return f"{_name(call)} has no {keyword.arg}"
    return None


def _name(call: ast.Call) -> str:
    parts = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not (isinstance(node, ast.Name) and node.id == "rw"):
        return ""
    return ".".join(reversed(parts))
