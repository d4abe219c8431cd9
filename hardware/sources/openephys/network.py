"""Events out: Network Events of the Open Ephys GUI takes TTL edges and words for its recording. For the record only.

The GUI gives an event the number of the next block's first sample, so it stands a block or so beside the moment. Sending is a thread's
affair: nothing waits for it, and what finds no room is counted.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import zmq

from .._live import LiveError

PORT = 5556
LINES = 256
ANSWER_MS = 2000
MOST_WAITING = 1000
CLOSING_S = 2.0
"""So long at most is asked on at the end, and once more for an answer."""
ON_S = 0.05
"""A line stays on for so long: two blocks of the GUI, so that both edges can be told apart in its recording."""


def ttl_command(line: int, on: bool) -> str:
    """The words that switch a line (from 1 on).

    Raises
    ------
    ValueError
        For a line that there is not.
    """
    if not 1 <= line <= LINES:
        raise ValueError(f"TTL line {line}: lines go from 1 to {LINES}")
    return f"TTL Line={line} State={int(on)}"


def was_done(command: str, answer: str) -> bool:
    """Whether an answer says that the command was carried out; free words are answered with NotHandled although they are noted."""
    if command.startswith("TTL "):
        return answer.startswith("TTLHandled")
    return answer not in ("InvalidChannel", "")


class NetworkEvents:
    """The plugin Network Events, reached and ready. Closing it sends what is waiting, without pauses, as far as a moment allows.

    Parameters
    ----------
    host : str
    port : int
        Of Network Events; ZMQ Interface has the same one by default, and one of them has to move.

    Attributes
    ----------
    sent, failed, left_out : int
        Commands that were carried out, that were not (no answer, or refused), and that found no room or no time any more.
    trouble : str
        Why the first that was not carried out was not; empty while there is none.

    Raises
    ------
    LiveError
        When it does not answer.
    """

    def __init__(self, host: str, port: int = PORT) -> None:
        self.sent = self.failed = self.left_out = 0
        self.trouble = ""
        self._until_s = 0.0
        self._where = f"Open Ephys Network Events at {host}:{port}"
        self._address = f"tcp://{f'[{host}]' if ':' in host else host}:{port}"
        self._waiting: queue.Queue[tuple[str, ...] | None] = queue.Queue(MOST_WAITING)
        self._closing = threading.Event()
        there = threading.Event()
        self._there = False
        self._thread = threading.Thread(target=self._run, args=(there,), name="network-events", daemon=True)
        self._thread.start()
        there.wait()
        if not self._there:
            self._thread.join()
            raise LiveError(
                f"{self._where}: no answer; put Network Events into the signal chain with this port, and let the firewall pass it"
            )

    def pulse(self, line: int) -> None:
        """Switch a line (from 1 on) on, and after ``ON_S`` off; returns at once."""
        self._put((ttl_command(line, on=True), ttl_command(line, on=False)))

    def note(self, text: str) -> None:
        """Leave words in the GUI's recording; returns at once."""
        self._put((f"wavestim {text}",))

    def close(self) -> None:
        """Send what is waiting, and let go; returns when that is done, or the time for it is over."""
        if self._thread.is_alive():
            self._until_s = time.monotonic() + CLOSING_S
            self._closing.set()
            self._waiting.put(None)
            self._thread.join()

    def _put(self, commands: tuple[str, ...]) -> None:
        try:
            self._waiting.put_nowait(commands)
        except queue.Full:
            self.left_out += len(commands)

    def _run(self, there: threading.Event) -> None:
        with zmq.Context() as context, context.socket(zmq.REQ) as ask:
            ask.setsockopt(zmq.LINGER, 0)
            ask.setsockopt(zmq.IPV6, 1)
            ask.setsockopt(zmq.RCVTIMEO, ANSWER_MS)
            ask.setsockopt(zmq.SNDTIMEO, ANSWER_MS)
            ask.setsockopt(zmq.REQ_RELAXED, 1)
            ask.setsockopt(zmq.REQ_CORRELATE, 1)
            ask.connect(self._address)
            answer = _asked(ask.send_string, ask.recv_string, "IsAcquiring")
            answers = self._there = answer in ("0", "1")
            there.set()
            while self._there and (commands := self._waiting.get()) is not None:
                for i, command in enumerate(commands):
                    self._closing.wait(ON_S if i else 0.0)
                    if self._closing.is_set() and not (answers and time.monotonic() < self._until_s):
                        self.left_out += 1  # a plugin that hangs is not asked again at the end
                        continue
                    answer = _asked(ask.send_string, ask.recv_string, command)
                    answers, done = bool(answer), was_done(command, answer)
                    self.sent, self.failed = self.sent + done, self.failed + (not done)
                    if not (done or self.trouble):
                        how = f"answered {answer[:80]!r} to {command!r}" if answer else "does not answer any more"
                        self.trouble = f"{self._where} {how}"


def _asked(send: Callable[[str], object], receive: Callable[[], str], command: str) -> str:
    """The answer; empty when none came."""
    try:
        send(command)
        return receive()
    except (zmq.ZMQError, UnicodeDecodeError):
        return ""
