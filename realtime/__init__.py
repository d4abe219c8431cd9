"""What one tick does, in Cython: conditioning, wave model, wave description, trigger, scheduler, engine, loop. No sockets, files or Qt."""

from wavestim.realtime._regions import Crossed, Regions, track_regions
from wavestim.realtime._track import Track, track
from wavestim.realtime.calibration import Calibration, ModelOptions
from wavestim.realtime.config import CourseConfig, EngineConfig, PulseTimes, TriggerConfig
from wavestim.realtime.engine import Engine
from wavestim.realtime.learning import calibrate

__all__ = [
    "Calibration",
    "CourseConfig",
    "Crossed",
    "Engine",
    "EngineConfig",
    "ModelOptions",
    "PulseTimes",
    "Regions",
    "Track",
    "TriggerConfig",
    "calibrate",
    "track",
    "track_regions",
]
