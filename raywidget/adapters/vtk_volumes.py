"""Images of VTK with three dimensions, and its actors that show them -> volumes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.adapters.volumes import volume_of
from raywidget.io.uneven import evened
from raywidget.io.vtk_data import array_of, vtk
from raywidget.scene.materials.transfer import TransferFunction
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.scene.values.colors import decode_srgb

_ENTRIES = 256
_GIVEN_OFF = 0.7  # of the colours of what is not shaded; the rest is seen by the light on it
_SAMPLES = 128  # along the longest side of what consists of cells
_OPAQUE = 0.995  # more would be endlessly thick


def volume_in(image: Any) -> Volume | None:
    """The volume of an image whose points have numbers; None for all else."""
    if not is_a(image, "vtkmodules", "vtkImageData"):
        return None
    shape = image.GetDimensions()
    scalars = image.GetPointData().GetScalars()
    if scalars is None or min(shape) < 2 or scalars.GetNumberOfComponents() not in (1, 4):
        return None
    numbers = array_of(scalars)
    if numbers.dtype.kind not in "iuf":
        return None
    # The first axis is the fastest: what comes out is in the order of memory, without a copy.
    if numbers.ndim == 2:
        if numbers.dtype != np.uint8:
            return None
        values: NDArray[Any] = numbers.reshape(*shape[::-1], 4).transpose(2, 1, 0, 3)
    else:
        values = numbers.reshape(shape[::-1]).transpose()
    matrix = image.GetDirectionMatrix()
    direction = np.array([[matrix.GetElement(i, j) for j in range(3)] for i in range(3)])
    extent, spacing = image.GetExtent(), np.array(image.GetSpacing())
    origin = np.array(image.GetOrigin()) + direction @ (spacing * np.array(extent[::2]))
    return volume_of(
        values, spacing=tuple(spacing), origin=tuple(origin.tolist()), direction=direction
    )


def volume_of_actor(
    name: str | None, actor: Any, title: str | None, notes: list[str]
) -> Volume | None:
    """What a `vtkVolume` shows, with its colours and opacities; None if it is no image.

    `title` is that of its bar, if it has one.
    """
    mapper = actor.GetMapper()
    image = None if mapper is None else mapper.GetInputDataObject(0, 0)
    volume = None if image is None else volume_in(_as_image(image, name or "a volume", notes))
    if volume is None:
        return None
    matrix = np.array([[actor.GetMatrix().GetElement(i, j) for j in range(4)] for i in range(4)])
    if not np.allclose(matrix, np.eye(4)):
        placed = _placed(volume, matrix)
        if placed is None:
            notes.append("a volume that is sheared or scaled is shown where its data are")
        volume = placed or volume
    if volume.values.is_colored:
        return volume.replace(name=name)
    look = actor.GetProperty()
    opacity = look.GetScalarOpacity()
    color = look.GetRGBTransferFunction()
    low, high = opacity.GetRange()
    if not high > low:
        low, high = volume.values.low, volume.values.high
    if not high > low:
        return volume.replace(name=name)
    numbers = np.linspace(low, high, _ENTRIES)
    unit = look.GetScalarOpacityUnitDistance()
    shares = np.array([opacity.GetValue(number) for number in numbers])
    extinction = -np.log1p(-np.clip(shares, 0.0, _OPAQUE)) / (unit if unit > 0.0 else 1.0)
    colors = np.array([color.GetColor(number) for number in numbers])
    colors = np.clip(colors, 0.0, 1.0)
    # VTK shows the colours of a volume that is not shaded as they are, whatever the light.
    is_shaded = bool(look.GetShade())
    given_off = 0.0 if is_shaded else _GIVEN_OFF
    transfer = TransferFunction(
        ColorMap(colors, bar=title is not None, label=title),
        extinction=extinction,
        emission=None if is_shaded else decode_srgb(colors) * given_off,
        albedo=1.0 - given_off,
        density=1.0,
        limits=(low, high),
    )
    nearest = look.GetInterpolationType() == 0
    return volume.replace(
        transfer=transfer,
        name=name,
        interpolation="nearest" if nearest else "linear",
        shading="gradient" if is_shaded else None,
    )


def _as_image(data: Any, label: str, notes: list[str]) -> Any:
    """The same on a regular grid: of a rectilinear one, or of cells, which VTK samples."""
    if is_a(data, "vtkmodules", "vtkRectilinearGrid") and min(data.GetDimensions()) > 1:
        scalars = data.GetPointData().GetScalars()
        if scalars is None or scalars.GetNumberOfComponents() != 1:
            return data
        axes = (data.GetXCoordinates(), data.GetYCoordinates(), data.GetZCoordinates())
        values = array_of(scalars).reshape(data.GetDimensions()[::-1]).transpose()
        even = evened(values, [array_of(axis) for axis in axes], "xyz")
        notes += [f"{label}: {note}" for note in even.notes]
        image = vtk("vtkCommonDataModel", "vtkImageData")()
        image.SetDimensions(*even.values.shape)
        image.SetSpacing(*even.spacing)
        image.SetOrigin(*even.origin)
        numbers = np.ascontiguousarray(even.values.transpose()).ravel()
        return _with_scalars(image, numbers)
    if is_a(data, "vtkmodules", "vtkUnstructuredGrid") and data.GetNumberOfCells():
        bounds = np.array(data.GetBounds()).reshape(3, 2)
        scalars = data.GetPointData().GetScalars()
        if scalars is None or scalars.GetName() is None or not (np.ptp(bounds, axis=1) > 0).all():
            return data
        counts = np.ptp(bounds, axis=1) / np.ptp(bounds, axis=1).max() * _SAMPLES
        sampled = vtk("vtkFiltersCore", "vtkResampleToImage")()
        sampled.SetInputDataObject(data)
        sampled.SetSamplingDimensions(*np.maximum(np.ceil(counts).astype(int), 2).tolist())
        sampled.Update()
        image = sampled.GetOutput()
        points = image.GetPointData()
        numbers = array_of(points.GetArray(scalars.GetName())).astype(np.float32)
        if numbers.ndim != 1:
            return data
        inside = array_of(points.GetArray("vtkValidPointMask")) > 0
        notes.append(f"{label}: its cells are sampled at {image.GetDimensions()} points")
        return _with_scalars(image, np.where(inside, numbers, np.float32(np.nan)))
    return data


def _with_scalars(image: Any, numbers: NDArray[Any]) -> Any:
    array = vtk("util.numpy_support", "numpy_to_vtk")(numbers, deep=True)
    array.SetName("values")
    image.GetPointData().SetScalars(array)
    return image


def _placed(volume: Volume, matrix: NDArray[np.float64]) -> Volume | None:
    """The same volume moved by a matrix that keeps right angles; None if it does not."""
    own = np.eye(3) if volume.direction is None else np.array(volume.direction)
    axes = matrix[:3, :3] @ own
    lengths = np.linalg.norm(axes, axis=0)
    if not (lengths > 0.0).all():
        return None
    axes = axes / lengths
    if np.abs(axes.T @ axes - np.eye(3)).max() > 1e-5:
        return None
    spacing = tuple((np.array(volume.spacing) * lengths).tolist())
    origin = matrix[:3, :3] @ np.array(volume.origin) + matrix[:3, 3]
    return volume.replace(direction=axes, spacing=spacing, origin=tuple(origin.tolist()))
