"""Hands on a view: mouse, fingers and keys as a browser delivers them."""

import contextlib
import json

STAGE = "Picture: arrow keys turn the camera, question mark lists all keys"


class Hands:
    """What a user does to one view."""

    def __init__(self, view):
        self.view = view
        self.page = view.notebook.page
        self.stage = view.element.get_by_role("application", name=STAGE)

    def place(self, x, y):
        """A place in the picture, in shares of it, as coordinates of the page."""
        self.stage.scroll_into_view_if_needed()  # a cell that was run has taken the page along
        box = self.stage.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    @contextlib.contextmanager
    def hold(self, start, button="left", modifiers=()):
        """Press a button of the mouse there, and let it go in the end."""
        for key in modifiers:
            self.page.keyboard.down(key)
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down(button=button)
        yield
        self.page.mouse.up(button=button)
        for key in modifiers:
            self.page.keyboard.up(key)

    def move(self, x, y, steps=4):
        """Move the mouse there."""
        self.page.mouse.move(*self.place(x, y), steps=steps)

    def drag(self, start, end, **how):
        """Drag from one place to another."""
        with self.hold(start, **how):
            self.move(*end)

    def click(self, x, y):
        """Click there."""
        self.page.mouse.click(*self.place(x, y))

    def wheel(self, pixels):
        """Take the picture in hand, and turn the wheel over its middle."""
        self.page.mouse.click(*self.place(0.5, 0.5), button="middle")
        self.page.mouse.wheel(0, pixels)

    def press(self, *keys):
        """Press keys while the picture has the focus."""
        self.stage.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def touch(self, *moments):
        """Fingers: for each moment the places of all that touch, then none."""
        session = self.page.context.new_cdp_session(self.page)
        try:
            for index, places in enumerate((*moments, [])):
                points = []
                for identity, place in enumerate(places):
                    x, y = self.place(*place)
                    points.append({"x": x, "y": y, "id": identity})
                kind = "touchMove" if places else "touchEnd"
                kind = kind if index else "touchStart"
                session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        finally:
            session.detach()


def camera(notebook, widget="widget"):
    """Where the camera is: look_from, look_at."""
    return notebook.evaluate(f"[{widget}.camera.look_from, {widget}.camera.look_at]")


def wait_rendered(view, after):
    """Wait until the camera rests, a newer generation than this is done, and all of it painted.

    It may have rested on its way, if the machine had no time: what counts is where it is last.
    """
    view.wait_for(
        f"data.camera === 'rests' && data.generation > {json.dumps(after)} "
        "&& data.state === 'done' && data.painted === data.tiles",
        "the camera has come to rest, and its picture is done",
    )
