"""The engine's thread runs the loop with the rights that it got; the recorder's watches it, and notices when it stands or has ended."""

from __future__ import annotations

import threading

from wavestim.controller.session.rights import Rights
from wavestim.realtime.loop import Loop

STILL_NS = 500_000_000
"""The loop turns every 10 ms at least; it stands when it has not for so long,"""
LOOKS = 20
"""and was looked at so often meanwhile: who looks had the machine, then."""


class Watchdog:
    """Tells a loop that stands from a machine that had no time for either thread."""

    def __init__(self) -> None:
        self._turns, self._looks, self._since_ns = -1, 0, 0

    def stands(self, turns: int, now_ns: int) -> bool:
        """Look at the loop's count of turns."""
        if turns != self._turns:
            self._turns, self._looks, self._since_ns = turns, 0, now_ns
        self._looks += 1
        return self._looks > LOOKS and now_ns - self._since_ns > STILL_NS


class EngineThread:
    """One loop on a thread of its own.

    Parameters
    ----------
    loop : Loop
    rights : Rights
        To ask for; says afterwards what was refused.

    Attributes
    ----------
    died : str
        Why the thread ended before it was told to; empty while it is well.
    """

    def __init__(self, loop: Loop, rights: Rights) -> None:
        self.loop, self.died = loop, ""
        self._rights, self._watchdog = rights, Watchdog()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Let it turn."""
        self._thread.start()

    def _run(self) -> None:
        try:
            self._rights.on_engine_thread()
            self.loop.run()
        except Exception as error:  # the session goes dark and says so, whatever it was
            self.died = f"the engine's thread ended: {type(error).__name__}: {error}"

    def stands(self, now_ns: int) -> bool:
        """Whether the loop has stopped turning; to be asked on every turn of who watches."""
        return self._watchdog.stands(self.loop.turns, now_ns)

    def stop(self) -> None:
        """Tell it to end, and wait for that."""
        self.loop.quit()
        self._thread.join(5.0)
