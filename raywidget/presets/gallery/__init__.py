"""Scenes that each show one thing that raywidget can do."""

from raywidget.presets.gallery.crowds import forest, hundred_thousand
from raywidget.presets.gallery.cut_out import shore
from raywidget.presets.gallery.lens import chess
from raywidget.presets.gallery.studio import materials, perfume
from raywidget.presets.gallery.veach import veach_mis

__all__ = ["chess", "forest", "hundred_thousand", "materials", "perfume", "shore", "veach_mis"]
