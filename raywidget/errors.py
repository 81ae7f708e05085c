"""Every error raywidget raises on purpose, and every warning.

::

    RaywidgetError
    ├── SceneError (ValueError)       a value in the scene description is wrong
    ├── SettingsError (ValueError)    a render setting is wrong, or contradicts another
    ├── PictureError (ValueError)     a picture can't be made, resumed or saved as asked
    ├── ProtocolError (ValueError)    a message from the browser is malformed
    └── RenderError (RuntimeError)    a render failed while it ran
        └── RenderCancelled           a render was stopped before it had finished

    RaywidgetWarning (UserWarning)    what is probably not what was meant; nothing is changed by it
    ├── SceneWarning                  in the scene description
    ├── SettingsWarning               in the settings of a render or a widget
    ├── ExecutorWarning               in the workers of an executor
    └── PictureWarning                in a picture, such as that it is black

Messages say what was expected, what came, which object, and what to do:
``SceneError: Sphere 'lamp': radius must be > 0, got -1.0``.
"""


class RaywidgetError(Exception):
    """Base class of all errors that raywidget raises on purpose."""


class SceneError(RaywidgetError, ValueError):
    """A value in the scene description is wrong."""


class EmptyMeshError(SceneError):
    """A file of a mesh has no triangles."""


class SettingsError(RaywidgetError, ValueError):
    """A render setting is wrong, or contradicts another one."""


class PictureError(RaywidgetError, ValueError):
    """A picture can't be made, resumed or saved as asked."""


class ProtocolError(RaywidgetError, ValueError):
    """A message from the browser is malformed; it is ignored and counted."""


class RenderError(RaywidgetError, RuntimeError):
    """A render failed while it ran."""


class RenderCancelled(RenderError):
    """A render was stopped before it had finished."""


class RaywidgetWarning(UserWarning):
    """Base class of all warnings that raywidget gives: something is probably not as meant."""


class SceneWarning(RaywidgetWarning):
    """A value in the scene description is probably not as meant."""


class SettingsWarning(RaywidgetWarning):
    """A setting is probably not as meant."""


class ExecutorWarning(RaywidgetWarning):
    """Workers of an executor failed, or do not take part; the picture is the same."""


class PictureWarning(RaywidgetWarning):
    """A picture is probably not as meant, such as one that is black."""
