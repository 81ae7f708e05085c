"""PyVista in a notebook's kernel finds what is installed, and shows its plotters with it."""

import nbclient
import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

FIRST = "pyvista==0.48.0"  # of those that look for entry points
VIEW = "application/vnd.jupyter.widget-view+json"
PLOT = """
import pyvista as pv
plotter = pv.Plotter(window_size=(64, 48))
ball = pv.Sphere()
ball["height"] = ball.points[:, 2]
plotter.add_mesh(ball)
plotter.add_legend([["ball", "red"]])
plotter.show(jupyter_backend="raywidget", jupyter_kwargs={"spp": 4})
"""
COMPONENT = """
import numpy as np
image = plotter.raywidget.render(spp=4)
print(type(plotter.raywidget.scene()).__name__, image.shape, np.ptp(np.asarray(image)) > 0.2)
"""
DEFAULT = """
pv.set_jupyter_backend("raywidget")
ball.plot(window_size=(64, 48))
"""


@pytest.mark.parametrize("package", [FIRST, "pyvista"])
def test_plotters_are_live_widgets(make_environment, tmp_path, package):
    environment = make_environment(package, "ipykernel", "ipywidgets")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (PLOT, COMPONENT, DEFAULT)]
    )
    manager = AsyncKernelManager()
    argv = [str(environment.bin / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=argv, language="python")
    manager.extra_env = environment.variables
    client = nbclient.NotebookClient(
        notebook, km=manager, timeout=600, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment.variables)
    plot, component, default = notebook.cells
    for cell in (plot, default):
        (view,) = [o.data[VIEW] for o in cell.outputs if VIEW in o.get("data", {})]
        state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
        model = state[view["model_id"]]
        assert model["model_module"] == "anywidget"
        assert model["state"]["_anywidget_id"].endswith("RayWidget")
    said = "".join(o.text for o in plot.outputs if o.output_type == "stream")
    assert said.count("Warning: raywidget:") == 1, said
    for words in ("not translated:", "1 legend"):
        assert words in said
    assert "Scene (48, 64, 3) True" in "".join(o.text for o in component.outputs if "text" in o)
