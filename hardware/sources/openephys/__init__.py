"""Electrodes in from the Open Ephys GUI, through its plugins Falcon Output and ZMQ Interface; events out through Network Events."""

from .network import NetworkEvents
from .opening import find_openephys, open_openephys
from .source import FalconSource, ZmqSource

__all__ = ["FalconSource", "NetworkEvents", "ZmqSource", "find_openephys", "open_openephys"]
