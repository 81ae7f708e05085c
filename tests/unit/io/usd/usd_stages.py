"""Writes small USD files and reads them back.

What is told of them is told in this process, since starting another one takes most of a second;
test_usd_process has the whole way.
"""

import io
from unittest.mock import patch

import numpy as np

from raywidget.io import apart, wire
from raywidget.io.scene_files import read_scene
from raywidget.io.usd.inside.__main__ import answered

HEAD = '#usda 1.0\n(\n    upAxis = "{up}"\n)\n'


def written(tmp_path, text, up="Y", name="stage.usda"):
    path = tmp_path / name
    path.write_text(HEAD.format(up=up) + text)
    return path


def told(path):
    """What `raywidget.io.usd.process` gets, as it went over the wire, and how the process ended."""
    stream = io.BytesIO()
    wire.write(stream, answered(str(path)))
    stream.seek(0)
    return apart.Answer(wire.read(stream), 0, False)


def read_file(path):
    with patch("raywidget.io.usd.process._asked", told):
        return read_scene(path)


def read(tmp_path, text, up="Y"):
    return read_file(written(tmp_path, text, up))


def only(tmp_path, text, up="Y"):
    """The only shape, of a file of which there is nothing to tell."""
    parts = read(tmp_path, text, up)
    (shape,) = parts.shapes
    assert parts.notes == (), parts.notes
    return shape


def mesh(body="", points=None, counts="4", indices="0,1,2,3", scheme="none", name="M"):
    points = points or [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    return f"""def Mesh "{name}" (prepend apiSchemas = ["MaterialBindingAPI"])
{{
    point3f[] points = {points}
    int[] faceVertexCounts = [{counts}]
    int[] faceVertexIndices = [{indices}]
    uniform token subdivisionScheme = "{scheme}"
{body}
}}
"""


def material(inputs="", others="", name="Mat"):
    return f"""def Material "{name}"
{{
    token outputs:surface.connect = </{name}/P.outputs:surface>
    def Shader "P"
    {{
        uniform token info:id = "UsdPreviewSurface"
        token outputs:surface
{inputs}
    }}
{others}
}}
"""


BIND = "    rel material:binding = </Mat>\n"
ST = """    texCoord2f[] primvars:st = [(0,0), (1,0), (1,1), (0,1)] (interpolation = "vertex")\n"""


def texture(name, output, body="", material="Mat"):
    """A shader that reads a picture by `st`."""
    kind = "float3" if output == "rgb" else "float"
    return f"""
    def Shader "{name}"
    {{
        uniform token info:id = "UsdUVTexture"
        float2 inputs:st.connect = </{material}/Reader.outputs:result>
        {kind} outputs:{output}
{body}
    }}
"""


READER = """
    def Shader "Reader"
    {
        uniform token info:id = "UsdPrimvarReader_float2"
        string inputs:varname = "st"
        float2 outputs:result
    }
"""


def corners(shape):
    """(F, 3, 3) corners of triangles."""
    return shape.vertices[shape.faces].astype(float)


def area_normals(shape):
    """Sum of the normals of triangles, as long as their areas."""
    a, b, c = np.moveaxis(corners(shape), 1, 0)
    return 0.5 * np.cross(b - a, c - a)
