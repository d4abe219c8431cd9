"""From what the source tells to a gate: which markers and TTL edges open and shut it, and at which sample. No clock, no engine."""

from __future__ import annotations

from wavestim.controller.experiment._course import Gate

Order = tuple[str, float]
"""An input event: ``gate`` (open from that sample on) or ``shut`` (from that sample on)."""


class Gatekeeper:
    """Knows the gate of one session.

    Parameters
    ----------
    gate : Gate, optional
        None: there is no gate, and nothing opens it.
    fs_hz : float
    """

    def __init__(self, gate: Gate | None, fs_hz: float) -> None:
        self._gate, self._fs_hz = gate, fs_hz
        self._level = False

    def begins(self) -> list[Order]:
        """Before the first sample: lines are taken to be low until the source says otherwise."""
        g = self._gate
        self._level = g is not None and g.ttl is not None and g.level == "low"
        return [("gate", 0.0)] if self._level and g is not None and g.for_s is None else []

    def marker(self, text: str, sample: float) -> list[Order]:
        """A marker stands at this sample."""
        g = self._gate
        if g is None or g.marker is None:
            return []
        if text == g.marker:
            return self._open(g, sample)
        return [("shut", sample)] if text == g.until else []

    def ttl(self, word: int, sample: float) -> list[Order]:
        """The source's digital word changes at this sample."""
        g = self._gate
        if g is None or g.ttl is None:
            return []
        level = bool(word >> (g.ttl - 1) & 1) == (g.level == "high")
        if level == self._level:
            return []
        self._level = level
        if level:
            return self._open(g, sample)
        return [("shut", sample)] if g.for_s is None else []

    def _open(self, g: Gate, sample: float) -> list[Order]:
        begin = sample + g.after_s * self._fs_hz
        return [("gate", begin)] + ([("shut", begin + g.for_s * self._fs_hz)] if g.for_s is not None else [])
