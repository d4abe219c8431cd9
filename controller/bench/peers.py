"""Who takes part: the tracker and its peers by name."""

from __future__ import annotations

from wavestim.controller.bench import autoregressive, echt, library, modes, oscillators, plane_fit, tracker
from wavestim.controller.bench.methods import Method

TRACKER = tracker.METHOD
OPTIONAL: tuple[Method, ...] = library.METHODS
"""Peers that need the extra ``bench``."""
PEERS: tuple[Method, ...] = (
    echt.METHOD,
    autoregressive.METHOD,
    oscillators.METHOD,
    *(OPTIONAL if library.AVAILABLE else ()),
    *plane_fit.METHODS,
    modes.METHOD,
)
METHODS: dict[str, Method] = {method.name: method for method in (TRACKER, *PEERS)}
