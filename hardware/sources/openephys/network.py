"""Events out: Network Events of the Open Ephys GUI takes TTL edges and words for its recording. For the record only.

The GUI gives an event the number of the next block's first sample, so it stands a block or so beside the moment. Sending is a thread's
affair: nothing waits for it, and what finds no room is counted.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import zmq

from .._live import LiveError

PORT = 5556
LINES = 256
ANSWER_MS = 2000
MOST_WAITING = 1000


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
    """The plugin Network Events, reached and ready.

    Parameters
    ----------
    host : str
    port : int
        Of Network Events; ZMQ Interface has the same one by default, and one of them has to move.

    Attributes
    ----------
    sent, failed : int
        What was carried out, and what found no room, no answer or was refused.

    Raises
    ------
    LiveError
        When it does not answer.
    """

    def __init__(self, host: str, port: int = PORT) -> None:
        self.sent = self.failed = 0
        self._where = f"Open Ephys Network Events at {host}:{port}"
        self._address = f"tcp://{f'[{host}]' if ':' in host else host}:{port}"
        self._waiting: queue.Queue[str | None] = queue.Queue(MOST_WAITING)
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

    def ttl(self, line: int, on: bool) -> None:
        """Switch a line (from 1 on); returns at once."""
        self._put(ttl_command(line, on))

    def note(self, text: str) -> None:
        """Leave words in the GUI's recording; returns at once."""
        self._put(f"wavestim {text}")

    def close(self) -> None:
        """Send what is waiting, and let go."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _put(self, command: str) -> None:
        try:
            self._waiting.put_nowait(command)
        except queue.Full:
            self.failed += 1

    def _run(self, there: threading.Event) -> None:
        with zmq.Context() as context, context.socket(zmq.REQ) as ask:
            ask.setsockopt(zmq.LINGER, 0)
            ask.setsockopt(zmq.IPV6, 1)
            ask.setsockopt(zmq.RCVTIMEO, ANSWER_MS)
            ask.setsockopt(zmq.SNDTIMEO, ANSWER_MS)
            ask.setsockopt(zmq.REQ_RELAXED, 1)
            ask.setsockopt(zmq.REQ_CORRELATE, 1)
            ask.connect(self._address)
            self._there = _asked(ask.send_string, ask.recv_string, "IsAcquiring") in ("0", "1")
            there.set()
            while self._there and (command := self._waiting.get()) is not None:
                if was_done(command, _asked(ask.send_string, ask.recv_string, command)):
                    self.sent += 1
                else:
                    self.failed += 1


def _asked(send: Callable[[str], object], receive: Callable[[], str], command: str) -> str:
    """The answer; empty when none came."""
    try:
        send(command)
        return receive()
    except (zmq.ZMQError, UnicodeDecodeError):
        return ""
