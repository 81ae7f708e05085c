"""What a newcomer writes wrongly gets one line: the thing, what it takes, and what came."""

import numpy as np
import pytest

import raywidget as rw

VERTICES = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)], float)
FACES = np.array([(0, 1, 2)])
CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
BALL = rw.Sphere((0, 0, 0), 1)
SCENE = rw.Scene([BALL], camera=CAMERA)
IMAGE = rw.Image(np.zeros((4, 4, 3)), spp=1)

# Misspelt names, wrong units, shapes and types, missing files, swapped arguments
MISTAKES = r"""
rw.Sphere((0,0,0), 1, color="red")
rw.Sphere((0,0,0), radius="1")
rw.Sphere(1, (0,0,0))
rw.Sphere((0,0), 1)
rw.Sphere((0,0,0), -1)
rw.Sphere((0,0,0), 1, material="red")
rw.Sphere((0,0,0), 1, material=rw.Metal)
rw.Sphere((0,0,0), 1, material=rw.PointLight((0,0,0),1))
rw.Sphere(center=(0,0,0))
rw.Sphere((0,0,0), 1, emission=(255,255,255,255))
rw.Sphere((0,0,0), 1, emission="brightt")
rw.Diffuse((255,0,0))
rw.Diffuse("rde")
rw.Diffuse((0.5,0.5))
rw.Diffuse()
rw.Diffuse("#ff00")
rw.Diffuse("texture.png")
rw.Diffuse(rw.ImageTexture)
rw.Metal("gold", roughness=2)
rw.Metal("gold", roughness="rough")
rw.Principled(metalness=1)
rw.Principled(color="red")
rw.Principled(base_color="red", ior=0.5)
rw.Principled(transmission=1, opacity=-0.2)
rw.Dielectric(ior=(1.5,1.5,1.5))
rw.Dielectric("glass")
rw.Conductor("Au")
rw.Conductor("gold", k=3)
rw.Mix(rw.Diffuse(0.5), 0.5)
rw.Mix(0.5, rw.Diffuse(0.5), rw.Metal(0.9))
rw.Coated(rw.Dielectric())
rw.PointLight((0,5,0))
rw.PointLight(10, (0,5,0))
rw.PointLight((0,5,0), intensity=-3)
rw.PointLight((0,5,0), color="white", power=60)
rw.SpotLight((0,5,0), (0,5,0), 10)
rw.SpotLight((0,5,0), intensity=10)
rw.SpotLight((0,5,0), (0,0,0), 10, cone_angle=200)
rw.SpotLight((0,5,0), (0,0,0), 10, cone_angle=20, beam_angle=30)
rw.DirectionalLight((0,0,0), 1)
rw.DirectionalLight((0,-1,0))
rw.Portal((0,0,0), (1,0,0), (3,0,0))
rw.Portal((0,0,0), 1, 2)
rw.GradientEnvironment("blue","white")
rw.ImageEnvironment("missing.exr")
rw.ImageEnvironment("sky.txt")
rw.ImageEnvironment(np.ones((3,4,8)))
rw.SkyEnvironment()
rw.SkyEnvironment(sun_elevation=-5)
rw.SkyEnvironment(latitude=48, longitude=16)
rw.SkyEnvironment(latitude=48, longitude=16, time="2026-06-21T18:00")
rw.SkyEnvironment(latitude=48, longitude=16, time="yesterday")
rw.SkyEnvironment(latitude=16.4, longitude=200, time="2026-06-21T12:00+00:00")
rw.ImageTexture("missing.png")
rw.ImageTexture(np.ones((4,4,7)))
rw.ImageTexture(np.ones((4,4,3)), wrap="tile")
rw.ImageTexture(np.ones((4,4,3)), filter="cubic")
rw.Checkerboard("black")
rw.Mesh(VERTICES)
rw.Mesh(FACES, VERTICES)
rw.Mesh(VERTICES[:, :2], FACES)
rw.Mesh(VERTICES, FACES+1)
rw.Mesh(VERTICES, FACES.astype(float)+0.5)
rw.Mesh(VERTICES, [(0,1,2,3)])
rw.Mesh(VERTICES, FACES, uvs=np.zeros((2,2)))
rw.Mesh(VERTICES, FACES, normals=np.zeros((3,2)))
rw.Mesh(VERTICES, FACES, values=[1,2])
rw.Mesh(VERTICES, FACES, values=[1,2,3], colormap="viridsi")
rw.Mesh(VERTICES, FACES, colors=np.full((3,3),255))
rw.Mesh(VERTICES, FACES, smooth=True)
rw.Mesh("bunny.ply")
rw.Mesh(VERTICES, FACES, materials=[rw.Diffuse(0.5)])
rw.Mesh(np.full((3,3),np.nan), FACES)
rw.Spheres([(0,0,0)], [1,2])
rw.Spheres((0,0,0), 1)
rw.Spheres([(0,0,0)], radius=1)
rw.Instances(BALL, [np.eye(4)])
rw.Instances(rw.Mesh(VERTICES,FACES), np.eye(3))
rw.Instances(rw.Mesh(VERTICES,FACES), np.eye(4))
rw.Tubes([(0,0,0),(1,0,0)], -0.1)
rw.Arrows([(0,0,0)], [(0,0,1),(0,1,0)])
rw.Volume(np.ones((4,4)))
rw.Volume(np.ones((4,4,4)), transfer="viridis")
rw.Volume(np.ones((4,4,4)), spacing=0)
rw.TransferFunction("viridis", density=-1)
rw.TransferFunction("viridis", limits=(5,1))
rw.ColorMap("jett")
rw.ColorMap(limits=(1,0))
rw.ColorMap("viridis", limits=(0,1), log=True)
rw.Plane((0,0,0),(0,0,0))
rw.Box((0,0,0), 1)
rw.Box((0,0,0), (1,1,-1))
rw.Quad((0,0,0),(1,0,0),(2,0,0))
rw.Disk((0,0,0),1)
rw.Cylinder((0,0,0),(0,0,0),1)
rw.Cone((0,0,0),(0,1,0))
rw.PerspectiveCamera((0,0,5),(0,0,0))
rw.PerspectiveCamera(look_from=(0,0,5))
rw.PerspectiveCamera(look_from=(0,0,5), look_at=(0,0,5))
rw.PerspectiveCamera(look_from=(0,0,5), look_at=(0,0,0), fov=40)
rw.PerspectiveCamera(look_from=(0,0,5), look_at=(0,0,0), vfov=190)
rw.PerspectiveCamera(look_from=(0,5,0), look_at=(0,0,0))
rw.PerspectiveCamera(look_from=(0,0,5), look_at=(0,0,0), aperture=0.1)
rw.OrthographicCamera(look_from=(0,0,5), look_at=(0,0,0), vfov=30)
rw.OrthographicCamera(look_from=(0,0,5), look_at=(0,0,0))
rw.Scene(BALL, camera=CAMERA)
rw.Scene([BALL])
rw.Scene([BALL, BALL], camera=CAMERA)
rw.Scene([rw.PointLight((0,3,0),1)], camera=CAMERA)
rw.Scene([rw.Sphere], camera=CAMERA)
rw.Scene([BALL], lights=[], camera=CAMERA)
rw.Scene([BALL], [rw.PointLight((0,3,0),1)], CAMERA)
rw.Scene([BALL], camera=[CAMERA])
rw.Scene([BALL], camera=CAMERA, emitters=rw.PointLight((0,3,0),1))
rw.Scene([rw.Sphere((0,0,0),1,name="a"), rw.Box((0,0,0),(1,1,1),name="a")], camera=CAMERA)
rw.Scene([BALL], camera=CAMERA, background="whit")
rw.Scene([VERTICES], camera=CAMERA)
rw.render(SCENE, 640, 480)
rw.render(SCENE, widht=640)
rw.render(SCENE, width=0)
rw.render(SCENE, width="640")
rw.render(SCENE, samples=64)
rw.render(SCENE, spp=0.5)
rw.render(SCENE, spp="many")
rw.render(SCENE, integrator="pt")
rw.render(SCENE, width=100000, height=100000)
rw.render(SCENE, aovs="depht", width=8, height=8)
rw.render(SCENE, denoise="optix", width=8, height=8)
rw.render(SCENE, curve="aces", width=8, height=8)
rw.render(SCENE, filter="mitchell")
rw.render(SCENE, threads=-1)
rw.render("missing.stl")
rw.render("folder_that_is_not")
rw.render(None)
rw.render([])
rw.render({"a": 1})
rw.render(rw.Scene)
rw.render(SCENE, alpha="yes")
rw.show("missing.glb")
rw.show(np.zeros((3,5)))
rw.studio(BALL, light="bright")
rw.studio(BALL, up="w")
rw.studio(BALL, view=(0,0,0))
rw.studio(VERTICES, values=[1,2])
rw.load_mesh("missing.obj")
rw.load_mesh("part.step")
rw.load_scene("SCENE.blend")
rw.load_mesh(VERTICES)
rw.presets.preset("cornel")
rw.presets.preset("cornell", lights="quad")
rw.presets.cornell(light="bulb")
rw.transforms.rotate("x", 90)
rw.transforms.rotate(90)
rw.transforms.scale()
rw.transforms.translate((1,2,3))
rw.decode_srgb([300, 0, 0])
rw.keyframes([CAMERA])
rw.animate(SCENE, 10, "f.mp4")
rw.animate([SCENE], 1, "film.avi")
rw.animate(lambda k: SCENE)
rw.turntable(BALL, "x.mp4", seconds=0)
rw.turntable(BALL, seconds="6")
rw.Figure(BALL)
rw.Figure(SCENE, labels=["inlet"])
rw.Figure(SCENE, scalebar=(1,2,3))
rw.isosurface(np.zeros((4,4,4)), 0.5)
rw.plane_cut(SCENE)
rw.warmup(integrators="fast")
SCENE.replace(cam=CAMERA)
SCENE.replace(camera=5)
SCENE.save("SCENE.obj")
SCENE.save("/nowhere/SCENE.glb")
rw.RenderSettings(width=-5)
IMAGE.save("a.bmpx")
IMAGE.save("/nowhere/a.png")
IMAGE.save("a.jpg", quality=200)
IMAGE.over("white")
IMAGE.aovs["depth"]
rw.HomogeneousMedium(-1)
rw.HomogeneousMedium(0, 1, 1.0)
rw.Interface(rw.Diffuse(0.5))
rw.Emissive(-1)
rw.StudioEnvironment(lamps=[((0,1,0), 20)])
rw.StudioEnvironment(lamps=[20])
""".strip().splitlines()

# What to do instead, where there is one thing that was probably meant
REMEDIES = {
    'rw.Sphere((0, 0, 0), 1, color="red")': "write material=Diffuse('red')",
    "rw.Box((0, 0, 0), (1, 1, 1), roughness=0.2)": "write material=Principled(roughness=...)",
    'rw.Mesh(VERTICES, FACES, texture="a.png")': "write material=Diffuse(ImageTexture(...))",
    "rw.Mesh(VERTICES, FACES, smooth=True)": "load_mesh(path, smooth=True)",
    'rw.Mesh("bunny.ply")': "a file is read by load_mesh('bunny.ply')",
    "rw.Mesh(FACES, VERTICES)": "are vertices and faces swapped?",
    "rw.Sphere(1, (0, 0, 0))": "are center and radius swapped?",
    "rw.PointLight(10, (0, 5, 0))": "are position and intensity swapped?",
    "rw.DirectionalLight(3, (0, -1, 0))": "are direction and irradiance swapped?",
    "rw.Mix(0.5, rw.Diffuse(0.5), rw.Metal(0.9))": "are a and amount swapped?",
    'rw.Diffuse("wood.png")': "write ImageTexture('wood.png')",
    'rw.Metal("gold", roughness="wear.jpg")': "write ImageTexture('wear.jpg')",
    'rw.Emissive("glow.exr")': "write ImageTexture('glow.exr')",
    'rw.Conductor("Au")': "write 'gold'",
    'rw.Conductor("aluminum")': "write 'aluminium'",
    'rw.Conductor("coper")': "did you mean 'copper'?",
    'rw.ImageTexture(np.ones((4, 4, 3)), wrap="repeated")': "did you mean 'repeat'?",
    'rw.ImageTexture("missing.png")': "there is no file 'missing.png'; paths count from",
    "rw.decode_srgb([255, 128, 0])": "decode_srgb(values / 255)",
    "rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=3)": "height= says",
    "rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), aperture=1)": "aperture_radius'?",
    "rw.Scene([BALL], [rw.PointLight((0, 3, 0), 1)], CAMERA)": (
        "write Scene(shapes, emitters=..., camera=...)"
    ),
    "rw.Scene([VERTICES], camera=CAMERA)": "shapes_of(thing) makes shapes",
    "SCENE.replace(cam=CAMERA)": "did you mean 'camera'?",
    "rw.render(SCENE, 640, 480)": "write render(scene), and the rest by name, such as width=640",
    'rw.render(SCENE, integrator="pathh")': "did you mean 'path'?",
    'rw.render(SCENE, aovs="depht", width=8, height=8)': "did you mean 'depth'?",
    'rw.load_scene("scene.blend")': "export it as .glb, in Blender by",
    'rw.load_mesh("part.step")': "export it from the CAD program",
    'rw.show("photo.jpg")': "a picture is a texture, ImageTexture(path)",
    'rw.render("nothing_of_this_name")': "there is no such file",
    "rw.Figure(BALL)": "studio(thing) makes a scene",
    'IMAGE.aovs["depth"]': "render it with aovs=('depth',)",
}


def message_of(code):
    with pytest.raises(rw.RaywidgetError) as error:
        eval(code)
    return str(error.value)


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_is_told_in_one_line(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = message_of(code)
    assert "\n" not in message
    assert len(message) < 500
    words = ("must", "expected", "there is no", "unknown", "missing", "too many", "can't", "takes")
    assert any(word in message for word in (*words, "said by", "no alpha", "go together"))


@pytest.mark.parametrize(("code", "remedy"), REMEDIES.items())
def test_the_remedy_is_told(code, remedy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert remedy in message_of(code)


def test_an_aov_that_is_not_there_is_a_key_error_too():
    with pytest.raises(KeyError):
        IMAGE.aovs["normal"]
    assert "normal" not in IMAGE.aovs
    assert IMAGE.aovs.get("normal") is None


def test_errors_that_no_swap_mends_ask_for_none():
    assert "swapped" not in message_of("rw.Sphere((0, 0, 0), -1)")
    assert "swapped" not in message_of("rw.Quad((0, 0, 0), (1, 0, 0), (2, 0, 0))")
