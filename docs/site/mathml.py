"""Formulas as MathML, which browsers draw and screen readers read without a script or a font."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    for line in node.astext().split("\n\n"):
        formula = convert(line.strip(), display="block")
        translator.body.append(f'<div class="formula">{formula}</div>\n')
    raise nodes.SkipNode
