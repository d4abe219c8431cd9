"""Orders to the mock rig while a session runs: another wave, and faults, for whoever learns the rig or wants to see one.

Each is checked here, so that what is refused is one sentence, and stands in the journal as a marker ``mock``. What the engine decides
stays a function of the samples that were recorded, whatever was done to them.

=============  ==========================================================================================
``do``         does
=============  ==========================================================================================
``wave``       ``state``: a preset; or ``direction_deg``, ``speed_mm_s``, ``frequency_hz``, ``snr_db`` beside it
``channel``    ``channel`` ``shows`` ``signal``, ``nothing``, ``nan`` or ``rail``
``artefact``   for ``ms`` the animal shakes its head
``drop``       samples of so many ``ms`` are lost
``burst``      nothing comes for so many ``ms``, then all at once
``unplug``     the cable of the board is pulled out; ``plug``: and put in again
``leds-out``   the cable of the LEDs is out, which the board does not notice; ``leds-in``
``end``        the source ends
=============  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError
from wavestim.controller.live.control import OrderError
from wavestim.controller.session.mockrig import MockRigPlan
from wavestim.hardware.simulated import CortexConfig, state_names
from wavestim.hardware.simulated.process import SLOWEST_MM_S
from wavestim.hardware.simulated.rig import slowest_of

WAVE = ("state", "direction_deg", "speed_mm_s", "frequency_hz", "snr_db")
SHOWS = {"signal": None, "nothing": "dead", "nan": "missing", "rail": "railed"}
LONGEST_MS = {"artefact": 5000.0, "drop": 5000.0, "burst": 2000.0}


class Told(Protocol):
    """Who carries orders out: a ``MockRig``."""

    def tell(self, **order: Any) -> None:
        """Send one."""


class MockOrders:
    """What can be done to one mock rig, and what has been done.

    Parameters
    ----------
    rig : Told, optional
        None on a real rig: everything is refused.
    plan : MockRigPlan, optional
        What it was started with.
    """

    def __init__(self, rig: Told | None = None, plan: MockRigPlan | None = None) -> None:
        settings: Mapping[str, Any] = plan.settings if plan is not None else {}
        self._rig, self._settings = rig, settings
        self._given: dict[str, Any] | None = dict(settings["cortex"]) if "cortex" in settings else None
        self._streams = "cortex" in settings or "recording" in settings
        self._shows: dict[int, str] = {}
        self._lit, self._ended = True, False
        self._plugged: bool | None = True if settings.get("board") == "wavelight" and not settings.get("gates") else None

    def carry_out(self, order: Mapping[str, Any]) -> str:
        """Do it; returns what was done, in words.

        Raises
        ------
        OrderError
            One sentence: why not, and what would be right.
        """
        if self._rig is None:
            raise OrderError("this is no mock rig: what its electrodes and its board do can't be ordered; start a session with --mock")
        do = order.get("do")
        known: dict[Any, Callable[[Mapping[str, Any]], tuple[dict[str, Any], str]]] = {
            "wave": self._wave,
            "channel": self._channel,
            **dict.fromkeys(LONGEST_MS, self._for_a_while),
            **dict.fromkeys(("unplug", "plug"), self._cable),
            **dict.fromkeys(("leds-out", "leds-in"), self._leds),
            "end": self._end,
        }
        if not isinstance(do, str) or do not in known:
            raise OrderError(f"the mock rig can't do {do!r}; it can: {', '.join(known)}")
        if do not in ("unplug", "plug") and (not self._streams or self._ended):
            raise OrderError("the samples do not come from the mock rig, or have ended; only its board can be unplugged")
        sent, words = known[do](order)
        self._rig.tell(**sent)
        return words

    def status(self) -> dict[str, Any] | None:
        """What it is now, as it is published; None on a real rig."""
        if self._rig is None:
            return None
        return {
            "wave": None if self._given is None else self._now(),
            "states": list(state_names()) if self._given is not None else [],
            "shows": {str(channel): shows for channel, shows in self._shows.items()},
            "leds_in": self._lit,
            "plugged": self._plugged,
            "streams": self._streams and not self._ended,
        }

    def _now(self) -> dict[str, Any]:
        config = CortexConfig(**(self._given or {}))
        wave = config.wave()
        return {"state": config.state, **{key: getattr(wave, key) for key in WAVE[1:]}}

    def _wave(self, order: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        if self._given is None:
            raise OrderError("a recording is played: its wave is what it was")
        asked = {key: order[key] for key in WAVE if order.get(key) is not None}
        if not asked:
            raise OrderError(f"another wave needs at least one of {', '.join(WAVE)}")
        kept = {key: value for key, value in self._given.items() if not ("state" in asked and key in WAVE)}
        try:
            config = CortexConfig(**(kept | asked))
        except ValidationError as error:
            reason = " ".join(str(error.errors()[0]["msg"]).removeprefix("Value error, ").split())
            raise OrderError(f"{', '.join(str(part) for part in error.errors()[0]['loc']) or 'wave'}: {reason}") from None
        wave, before = config.wave(), CortexConfig(**self._given).wave()
        if wave.kind != before.kind:
            raise OrderError(
                f"{config.state} has a {wave.kind} wave, this rig carries a {before.kind} one; set source.state and start anew"
            )
        if slowest_of(wave) < SLOWEST_MM_S:
            raise OrderError(
                f"{wave.speed_mm_s:g} mm/s is slower than the sheet can carry: 10 mm/s or more, faster where speed varies a lot"
            )
        self._given = kept | asked
        return {"cortex": self._given}, ", ".join(
            f"{key} {value if isinstance(value, str) else format(value, 'g')}" for key, value in asked.items()
        )

    def _channel(self, order: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        channel, shows, n = order.get("channel"), order.get("shows"), len(self._settings.get("positions_mm", ()))
        if not isinstance(channel, int) or isinstance(channel, bool) or not 0 <= channel < n:
            raise OrderError(f"channel is 0 to {n - 1}, not {channel!r}")
        if not isinstance(shows, str) or shows not in SHOWS:
            raise OrderError(f"a channel shows {', '.join(SHOWS)}, not {shows!r}")
        self._shows.pop(channel, None)
        if shows != "signal":
            self._shows[channel] = shows
        wires = {fault: [c for c, s in self._shows.items() if SHOWS[s] == fault] for fault in SHOWS.values() if fault is not None}
        return {"faults": wires}, f"channel {channel} shows {shows}"

    def _for_a_while(self, order: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        do, ms = str(order["do"]), order.get("ms")
        if isinstance(ms, bool) or not isinstance(ms, int | float) or not 1 <= ms <= LONGEST_MS[do]:
            raise OrderError(f"{do}: ms is 1 to {LONGEST_MS[do]:g}, not {ms!r}")
        samples = max(1, round(ms * self._settings["fs_hz"] / 1000))
        sent = {"artefact": {"shake": samples}, "drop": {"drop": samples}, "burst": {"hold_ms": ms}}[do]
        return sent, f"{do} {ms:g} ms"

    def _cable(self, order: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        plugged = order["do"] == "plug"
        if self._plugged is None:
            raise OrderError("the board of this rig has no cable to pull: use light: simulated, or a wavelight board with port: mock")
        if plugged == self._plugged:
            raise OrderError(f"the board is {'plugged in' if plugged else 'unplugged'} already")
        self._plugged = plugged
        return {"board": plugged}, f"the board is {'plugged in' if plugged else 'unplugged'}"

    def _leds(self, order: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        self._lit = order["do"] == "leds-in"
        return {"faults": {"unlit": not self._lit}}, f"the cable of the LEDs is {'in' if self._lit else 'out'}"

    def _end(self, order: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        self._ended = True
        return {"end": True}, "the source ends"
