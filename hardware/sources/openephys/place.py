"""Where a plugin of the Open Ephys GUI is, as people say it, and why nothing may come from there."""

from __future__ import annotations

from dataclasses import dataclass

from .._live import LiveError
from . import gui

PLUGINS = {"falcon": ("Falcon Output", 3335), "zmq": ("ZMQ Interface", 5556)}
"""via -> the plugin's name and its default port."""


@dataclass(frozen=True)
class Place:
    """A plugin.

    Attributes
    ----------
    host, port : where it publishes.
    plugin : its name.
    http_port : of the GUI itself.
    """

    host: str
    port: int
    plugin: str
    http_port: int = gui.PORT

    def __str__(self) -> str:
        return f"Open Ephys {self.plugin} at {self.host}:{self.port}"

    def silent(self, seconds: float, stream: str | None = None) -> LiveError:
        """Why nothing may have come for so long."""
        mode = gui.gui_mode(self.host, self.http_port)
        asked = f"stream {stream}" if stream else "the stream and its channels"
        if mode == "IDLE":
            return LiveError(f"{self}: the GUI is there and does not acquire; press play in its control panel")
        return LiveError(f"{self}: nothing came for {seconds:g} s; is acquisition running, and {asked} selected in {self.plugin}?")
