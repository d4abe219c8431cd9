"""What one tick does, in Cython: conditioning, wave model, wave description, trigger, scheduler, engine, loop. No sockets, files or Qt."""

from wavestim.realtime._track import Track, track
from wavestim.realtime.calibration import Calibration, ModelOptions, calibrate
from wavestim.realtime.config import EngineConfig, TriggerConfig
from wavestim.realtime.engine import Engine

__all__ = ["Calibration", "Engine", "EngineConfig", "ModelOptions", "Track", "TriggerConfig", "calibrate", "track"]
