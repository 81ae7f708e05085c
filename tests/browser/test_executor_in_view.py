"""Tiles that other processes render, in a page: live, dragged, the same pixels."""

from hands import Hands, wait_rendered


def test_tiles_of_other_processes_are_seen_and_a_drag_starts_them_anew(notebook):
    notebook.run(
        "import multiprocessing\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "pool = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context('spawn'))\n"
        "how = dict(width=160, height=120, tile_size=32, spp=64)\n"
        "widget = rw.RayWidget(rw.presets.cornell(), **how, executor=pool)"
    )
    view = notebook.run("widget").view()
    try:
        view.wait_painted("done")
        view.assert_follows("rw.render(widget.scene, **how).to_uint8()")
        # One may be done before the other has begun.
        assert notebook.evaluate("widget.image.statistics['workers']") in (1, 2)
        Hands(view).drag((0.5, 0.5), (0.6, 0.55))
        wait_rendered(view, 1)
        view.wait_painted("done")
        view.assert_follows("rw.render(widget.scene, **how).to_uint8()")
    finally:
        notebook.run("widget.close(); pool.shutdown()")
