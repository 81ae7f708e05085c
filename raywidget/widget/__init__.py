"""A render in a Jupyter cell: the only package that knows anywidget, traitlets and IPython."""

from raywidget.widget.ray_widget import RayWidget, show

__all__ = ["RayWidget", "show"]
