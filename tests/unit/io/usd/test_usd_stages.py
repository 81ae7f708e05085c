"""Where things of USD files are, which are seen, and which are copies."""

import numpy as np
import pytest
from usd_stages import BIND, material, mesh, only, read, read_file, written

import raywidget as rw
from raywidget.errors import SceneError

TURN = rw.transforms.rotate(-90, (1, 0, 0))


def xform(name, ops, inside, more=""):
    """A transform by lines such as ("double3", "translate", "(1, 2, 3)")."""
    lines = "\n".join(f"    {kind} xformOp:{op} = {value}" for kind, op, value in ops)
    order = ", ".join(f'"xformOp:{op}"' for _, op, _ in ops)
    return f"""def Xform "{name}" {more}
{{
{lines}
    uniform token[] xformOpOrder = [{order}]
{inside}
}}
"""


def test_transforms_are_applied_from_the_last_to_the_first(tmp_path):
    ops = [("double3", "translate", "(1, 0, 0)"), ("float", "rotateZ", "90"),
           ("float3", "scale", "(2, 3, 1)")]  # fmt: skip
    inner = xform("B", [("double3", "translate", "(0, 0, 5)")], mesh())
    shape = only(tmp_path, xform("A", ops, inner))
    matrix = (
        rw.transforms.translate(1, 0, 0)
        @ rw.transforms.rotate(90, (0, 0, 1))
        @ rw.transforms.scale(2, 3, 1)
        @ rw.transforms.translate(0, 0, 5)
    )
    square = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    np.testing.assert_allclose(shape.vertices, rw.transforms.apply(matrix, square), atol=1e-6)


def test_a_stack_may_begin_anew(tmp_path):
    inner = """def Sphere "S"
{
    double3 xformOp:translate = (0, 0, 5)
    uniform token[] xformOpOrder = ["!resetXformStack!", "xformOp:translate"]
}
"""
    ball = only(tmp_path, xform("A", [("double3", "translate", "(1, 2, 3)")], inner))
    assert ball.center == (0, 0, 5)


def test_what_is_mirrored_keeps_its_front_and_its_normals(tmp_path):
    body = (
        '    normal3f[] normals = [(0,0,1), (0,0,1), (0,0,1), (0,0,1)] (interpolation = "vertex")'
    )
    shape = only(tmp_path, xform("A", [("float3", "scale", "(-1, 1, 1)")], mesh(body)))
    a, b, c = shape.vertices[shape.faces[0]].astype(float)
    np.testing.assert_array_equal(np.cross(b - a, c - a), (0, 0, 1))
    np.testing.assert_array_equal(shape.normals, [(0, 0, 1)] * 4)


def test_files_whose_z_is_up_are_turned_so_that_y_is(tmp_path):
    text = """def Sphere "S"
{
    double3 xformOp:translate = (1, 2, 3)
    uniform token[] xformOpOrder = ["xformOp:translate"]
}
"""
    parts = read(tmp_path, text, up="Z")
    assert parts.shapes[0].center == (1, 3, -2)
    assert parts.notes == (
        "z is up in the file: it is turned by -90 degrees about x, so that y is",
    )
    scene = rw.load_scene(written(tmp_path, text, up="Z"))
    assert scene.camera.up == (0, 1, 0)


def test_units_are_told(tmp_path):
    path = tmp_path / "units.usda"
    path.write_text('#usda 1.0\n(\n    metersPerUnit = 0.01\n)\ndef Sphere "S"\n{\n}\n')
    parts = read_file(path)
    assert parts.notes == ("lengths are in the file's unit, which is 0.01 m",)
    assert parts.shapes[0].radius == 1.0


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ("", True),
        ('token visibility = "invisible"', False),
        ('uniform token purpose = "render"', True),
        ('uniform token purpose = "proxy"', False),
        ('uniform token purpose = "guide"', False),
    ],
)
def test_visibility_and_purpose(tmp_path, lines, seen):
    inside = f'def Xform "A"\n{{\n    {lines}\n    def Sphere "S"\n    {{\n    }}\n}}\n'
    assert len(read(tmp_path, inside).shapes) == seen


def test_a_purpose_of_its_own_counts_more(tmp_path):
    text = """def Xform "A"
{
    uniform token purpose = "proxy"
    def Sphere "S"
    {
        uniform token purpose = "render"
    }
}
"""
    assert len(read(tmp_path, text).shapes) == 1


def test_inactive_prims_and_classes_are_not_seen(tmp_path):
    text = """def Sphere "Off" (active = false)
{
}
class Sphere "Class"
{
}
over Sphere "Over"
{
}
"""
    assert read(tmp_path, text).shapes == ()


def test_variants_as_selected(tmp_path):
    text = """def Xform "A" (
    variants = { string size = "large" }
    prepend variantSets = "size"
)
{
    variantSet "size" = {
        "small" {
            def Sphere "S"
            {
                double radius = 1
            }
        }
        "large" {
            def Sphere "S"
            {
                double radius = 7
            }
        }
    }
}
"""
    assert only(tmp_path, text).radius == 7.0


def test_samples_are_taken_where_the_stage_starts(tmp_path):
    path = tmp_path / "moving.usda"
    path.write_text("""#usda 1.0
(
    startTimeCode = 10
    endTimeCode = 20
)
def Sphere "S"
{
    double radius.timeSamples = { 0: 1, 10: 2, 20: 3 }
    double3 xformOp:translate.timeSamples = { 0: (0, 0, 0), 20: (20, 0, 0) }
    uniform token[] xformOpOrder = ["xformOp:translate"]
}
""")
    ball = read_file(path).shapes[0]
    assert (ball.center, ball.radius) == ((10, 0, 0), 2.0)


def test_without_a_start_the_first_samples_count(tmp_path):
    ball = only(tmp_path, 'def Sphere "S"\n{\n    double radius.timeSamples = { 5: 4, 6: 9 }\n}\n')
    assert ball.radius == 4.0


# --- Copies ---------------------------------------------------------------------------------------

PROTOTYPE = f"""class Xform "Proto"
{{
    double3 xformOp:translate = (0, 0, 1)
    uniform token[] xformOpOrder = ["xformOp:translate"]
    def Xform "Inner"
    {{
        double3 xformOp:translate = (0, 1, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
        {mesh()}
    }}
}}
"""


def instance(name, x, more=""):
    return f"""def Xform "{name}" (
    instanceable = true
    references = </Proto>
)
{{
    double3 xformOp:translate = ({x}, 0, 0)
{more}
}}
"""


def test_instances_of_a_prototype_share_a_mesh(tmp_path):
    shape = only(tmp_path, PROTOTYPE + instance("A", 1) + instance("B", 2))
    assert isinstance(shape, rw.Instances)
    expected = [rw.transforms.translate(x, 1, 0) for x in (1, 2)]
    np.testing.assert_array_equal(shape.transforms, expected)
    assert len(shape.mesh.vertices) == 4


def test_instances_that_inherit_other_colours_are_told_apart(tmp_path):
    color = "    color3f[] primvars:displayColor = [({})]"
    text = PROTOTYPE + instance("A", 1, color.format("1, 0, 0")) + instance("B", 2)
    text += instance("C", 3, color.format("1, 0, 0"))
    shapes = read(tmp_path, text).shapes
    copies, single = sorted(shapes, key=lambda shape: isinstance(shape, rw.Mesh))
    assert copies.material.color == (1, 0, 0)
    np.testing.assert_array_equal(copies.transforms[:, 0, 3], (1, 3))
    assert single.vertices[:, 0].min() == 2


def test_instances_inherit_the_material_that_is_bound_above(tmp_path):
    above = f"""def Xform "Above" (prepend apiSchemas = ["MaterialBindingAPI"])
{{
{BIND}
    {instance("A", 1)}
}}
"""
    text = PROTOTYPE + material("color3f inputs:diffuseColor = (0, 1, 0)") + above
    assert only(tmp_path, text).material.base_color == (0, 1, 0)


def test_instances_in_instances(tmp_path):
    text = (
        PROTOTYPE
        + f"""class Xform "Row"
{{
    uniform token[] xformOpOrder = ["xformOp:translate"]
    {instance("First", 0)}
    {instance("Second", 10)}
}}
"""
    )
    text += instance("A", 1).replace("</Proto>", "</Row>")
    text += instance("B", 2).replace("</Proto>", "</Row>")
    shape = only(tmp_path, text)
    found = sorted(shape.transforms[:, 0, 3].tolist())
    assert found == [1, 2, 11, 12]


INSTANCER = """def PointInstancer "P"
{
    point3f[] positions = [(0,0,0), (5,0,0), (10,0,0), (15,0,0)]
    int[] protoIndices = [0, 1, 0, 1]
    quath[] orientations = [(1,0,0,0), (1,0,0,0), (0.70710678,0,0,0.70710678), (1,0,0,0)]
    float3[] scales = [(1,1,1), (2,2,2), (3,3,3), (1,1,1)]
    int64[] invisibleIds = [3]
    rel prototypes = [</P/A>, </P/B>]
    def Xform "A"
    {
        MESH
    }
    def Sphere "B"
    {
    }
}
"""


def test_copies_of_an_instancer(tmp_path):
    shapes = read(tmp_path, INSTANCER.replace("MESH", mesh())).shapes
    copies, ball = shapes
    turned = rw.transforms.rotate(90, (0, 0, 1)) @ rw.transforms.scale(3)
    expected = [np.eye(4), rw.transforms.translate(10, 0, 0) @ turned]
    np.testing.assert_allclose(copies.transforms, expected, atol=1e-3)  # orientations are halfs
    assert (ball.center, ball.radius) == ((5, 0, 0), 2.0)


def test_prototypes_may_stand_elsewhere_and_be_undefined(tmp_path):
    text = INSTANCER.replace("</P/A>", "</Protos/A>").replace("MESH", "")
    text += f'over "Protos"\n{{\n    def Xform "A"\n    {{\n{mesh()}\n    }}\n}}\n'
    copies = read(tmp_path, text).shapes[0]
    assert copies.transforms.shape == (2, 4, 4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[0, 1, 0, 1]", "[0, 1, 0, 7]", "protoIndices must be from 0 to 1, got 0 to 7"),
        ("[(0,0,0), (5,0,0), (10,0,0), (15,0,0)]", "[(0,0,0)]", "positions, orientations and"),
    ],
)
def test_damaged_instancers_are_refused(tmp_path, old, new, message):
    text = INSTANCER.replace("MESH", mesh()).replace(old, new)
    with pytest.raises(SceneError, match=f"'stage.usda', /P: {message}"):
        read(tmp_path, text)


def test_what_is_not_known_is_named(tmp_path):
    text = """def Volume "Smoke"
{
}
def NurbsPatch "Patch"
{
}
"""
    assert read(tmp_path, text).notes == (
        "/Smoke: shapes of type 'Volume' are not known here; left out",
        "/Patch: shapes of type 'NurbsPatch' are not known here; left out",
    )


def test_a_thing_that_is_scaled_to_nothing_is_told_of(tmp_path):
    parts = read(tmp_path, xform("A", [("float3", "scale", "(0, 0, 0)")], mesh()))
    assert parts.shapes == ()
    assert parts.notes == ("/A/M: what is scaled to nothing is left out",)


# --- Skeletons ------------------------------------------------------------------------------------

BONES = """def SkelRoot "Root"
{
    def Mesh "M" (prepend apiSchemas = ["SkelBindingAPI"])
    {
        point3f[] points = [(0,0,0), (1,0,0), (1,1,0), (0,1,0)]
        int[] faceVertexCounts = [4]
        int[] faceVertexIndices = [0,1,2,3]
        uniform token subdivisionScheme = "none"
        rel skel:skeleton = </Root/Bones>
        int[] primvars:skel:jointIndices = [0, 0, 1, 1] (
            elementSize = 1
            interpolation = "vertex"
        )
        float[] primvars:skel:jointWeights = [1, 1, 1, 1] (
            elementSize = 1
            interpolation = "vertex"
        )
    }
    def Skeleton "Bones" (prepend apiSchemas = ["SkelBindingAPI"])
    {
        uniform token[] joints = ["low", "high"]
        uniform matrix4d[] bindTransforms = [IDENTITY, IDENTITY]
        uniform matrix4d[] restTransforms = [IDENTITY, IDENTITY]
        rel skel:animationSource = </Root/Bones/Pose>
        def SkelAnimation "Pose"
        {
            uniform token[] joints = ["low", "high"]
            float3[] translations = [(0, 0, 0), (0, 5, 0)]
            quatf[] rotations = [(1, 0, 0, 0), (1, 0, 0, 0)]
            half3[] scales = [(1, 1, 1), (1, 1, 1)]
        }
    }
}
""".replace("IDENTITY", "((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,0,0,1))")


def test_what_has_a_skeleton_is_shown_in_its_pose(tmp_path):
    shape = only(tmp_path, BONES)
    expected = [(0, 0, 0), (1, 0, 0), (1, 6, 0), (0, 6, 0)]
    np.testing.assert_allclose(shape.vertices, expected, atol=1e-6)
