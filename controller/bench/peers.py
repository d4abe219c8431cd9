"""Who takes part: the tracker and its peers by name."""

from __future__ import annotations

from wavestim.controller.bench import echt, modes, oscillators, plane_fit, tracker
from wavestim.controller.bench.methods import Method

TRACKER = tracker.METHOD
PEERS: tuple[Method, ...] = (echt.METHOD, oscillators.METHOD, *plane_fit.METHODS, modes.METHOD)
METHODS: dict[str, Method] = {method.name: method for method in (TRACKER, *PEERS)}
