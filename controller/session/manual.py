"""Light by hand in a session: what is asked for is checked, uploaded where it is a single LED, and handed to the engine as an input event.

The engine makes a decision of it, with the condition ``(manual light)``, which passes governor, board and journal like any other. One
at a time, and only while the experiment itself decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment.manual import ManualLight
from wavestim.controller.live.control import OrderError
from wavestim.hardware.lights import Light, LightError
from wavestim.realtime.records import MANUAL

if TYPE_CHECKING:
    from wavestim.controller.session.assembly import Assembly
    from wavestim.controller.session.clocks import ClockModel
    from wavestim.controller.session.realsession import RealSession

ALLOWED_IN = ("armed", "held")


def hand_slot(assembly: Assembly) -> int:
    """Of the board: where the pattern of a single LED goes."""
    return len(assembly.plan.slots)


def load(light: Light, assembly: Assembly, asked: float) -> None:
    """Upload what a ``test`` event of this value fires, where it is not with the board from the beginning.

    Raises
    ------
    LightError
        When the board does not take it.
    """
    if asked >= 0 and assembly.manual is not None and asked < len(assembly.manual.slots):
        light.upload(hand_slot(assembly), assembly.manual.slots[int(asked)].entries)


class HandLight:
    """Test pulses of one session; is told of decisions and pulses (a ``Teller``).

    Parameters
    ----------
    assembly : Assembly
        With its manual light.
    light : Light
    """

    def __init__(self, assembly: Assembly, light: Light) -> None:
        self._assembly, self._light = assembly, light
        self.manual = assembly.manual or ManualLight(len(assembly.leds_mm), why_not="this session was not made for light by hand")
        if light.info.guarantee != "scheduled":
            self.manual = ManualLight(
                len(assembly.leds_mm), why_not="this board takes no pattern while it is armed; fire a condition's pattern"
            )
        self._lit = [c.name for c in assembly.plan.conditions if not c.dark]
        self._asked = False
        self._decision = -1

    @property
    def busy(self) -> bool:
        """One was asked for, and nobody knows yet what became of it."""
        return self._asked

    def order(self, order: Mapping[str, Any], session: RealSession) -> str:
        """A test pulse, or the pattern of a condition, once and as soon as light can be planned; its name.

        Raises
        ------
        OrderError
            Unless the session is armed or held, nothing is on its way, and the light is there.
        """
        if session.loop.stalled or not session.board_ready:
            raise OrderError("no light by hand: samples have stopped, or the board is not ready")
        if session.recorder.ledger.open:
            raise OrderError("light that was decided on is still on its way; ask again when it has come")
        asked, name = self.prepare(order, session.state)
        session.engine.post("test", asked)
        session.journal.append_marker(max(session.recorder.last_sample, 0), "manual-light", name)
        return name

    def prepare(self, order: Mapping[str, Any], state: str) -> tuple[float, str]:
        """What the engine is to be told for an order, and its name in words; a pattern that the board does not have is uploaded.

        Raises
        ------
        OrderError
            One sentence: why not, and what would be right.
        """
        if state not in ALLOWED_IN:
            wanted = "pause it first" if state == "running" else "it has to be armed, or held by somebody"
            raise OrderError(f"no light by hand while the session is {state}; {wanted}")
        if self._asked:
            raise OrderError("the last test pulse is still on its way; one at a time")
        asked, name = self._condition(order["condition"]) if "condition" in order else self._led(order)
        try:
            load(self._light, self._assembly, asked)
        except LightError as error:
            raise OrderError(str(error)) from None
        self._asked = True
        return asked, name

    def _condition(self, name: Any) -> tuple[float, str]:
        if name not in self._lit:
            raise OrderError(f"no condition with light is called {name!r}; conditions: {', '.join(self._lit) or 'none'}")
        names = [c.name for c in self._assembly.plan.conditions]
        return float(-1 - names.index(name)), f"pattern of {name}"

    def _led(self, order: Mapping[str, Any]) -> tuple[float, str]:
        m, led, width = self.manual, order.get("led"), order.get("width_ms")
        if not m.widths_ms:
            raise OrderError(m.why_not)
        if not isinstance(led, int) or isinstance(led, bool) or not 0 <= led < m.n_leds:
            raise OrderError(f"a test names its led, 0 to {m.n_leds - 1}, or a condition; this one: {led!r}")
        if width not in m.widths_ms:
            allowed = ", ".join(f"{w:g}" for w in m.widths_ms)
            raise OrderError(f"width_ms of a test pulse is one of {allowed}, by the limits of experiment and board; this one: {width!r}")
        asked = m.widths_ms.index(width) * m.n_leds + led
        return float(asked), m.slots[asked].name

    def decided(self, first_index: int, decisions: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        for i in np.flatnonzero(decisions["condition"] == MANUAL).tolist():
            self._asked = str(decisions["verdict"][i]) == "scheduled"
            self._decision = first_index + i

    def pulsed(self, pulses: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        if (pulses["decision"] == self._decision).any():
            self._asked = False

    def status(self) -> dict[str, Any]:
        """What may be asked for, as it is published."""
        m = self.manual
        return {
            "widths_ms": list(m.widths_ms),
            "irradiance_mw_mm2": m.irradiance_mw_mm2,
            "conditions": self._lit,
            "why_not": m.why_not,
            "busy": self._asked,
        }
