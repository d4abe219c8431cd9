"""The waveform port of the mock RHX: one visitor at a time, and the port stays shut after him until it is opened again.

Whoever notices that a visitor is gone only says so; the thread that looks after the port lets go of his socket, when nobody sends into it
any more.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading

WAIT_S = 0.05
SEND_S = 2.0


def listen(host: str, port: int) -> socket.socket:
    """A port that one visitor may wait at."""
    return socket.create_server((host, port), backlog=1)


class Door:
    """The port, open for its first visitor.

    Parameters
    ----------
    host, port
        Where it is; port 0: any that is free.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server: socket.socket | None = listen(host, port)
        self._address = host, int(self._server.getsockname()[1])
        self._visitor: socket.socket | None = None
        self._left: list[socket.socket] = []
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="mock-rhx-waveforms", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Its number."""
        return self._address[1]

    @property
    def visited(self) -> bool:
        """Somebody is inside."""
        return self._visitor is not None

    def send(self, data: bytes) -> None:
        """To the visitor; without one it is gone, as with RHX."""
        with self._sending:
            visitor = self._visitor
            if visitor is None:
                return
            try:
                visitor.sendall(data)
            except OSError:  # he went
                self._part(visitor)

    def open(self) -> None:
        """Let the next visitor in, unless somebody is inside."""
        with self._lock:
            visitor = self._visitor
        if visitor is not None and _has_left(visitor):
            self._part(visitor)
        with self._lock:
            if self._visitor is None and self._server is None:
                self._server = listen(*self._address)

    def hang_up(self) -> None:
        """The visitor is put out."""
        with self._lock:
            visitor = self._visitor
        if visitor is not None:
            self._part(visitor)

    def close(self) -> None:
        self._closing.set()
        self.hang_up()
        self._thread.join(5.0)

    def _part(self, visitor: socket.socket) -> None:
        with self._lock:
            if self._visitor is not visitor:
                return
            self._visitor = None
            self._left.append(visitor)
        with contextlib.suppress(OSError):  # who sends into it is woken
            visitor.shutdown(socket.SHUT_RDWR)

    def _look_after(self) -> None:
        while not self._closing.is_set():
            with self._lock:
                server, visitor = self._server, self._visitor
            if visitor is not None and _has_left(visitor):
                self._part(visitor)
            self._let_go()
            if server is None:
                self._closing.wait(WAIT_S / 5)
            elif select.select([server], [], [], WAIT_S)[0]:
                self._let_in(server)
        self.hang_up()
        self._let_go()
        if self._server is not None:
            self._server.close()

    def _let_in(self, server: socket.socket) -> None:
        visitor, _ = server.accept()
        if _has_left(visitor):  # he did not wait: the port stays open for the next one
            visitor.close()
            return
        with contextlib.suppress(OSError):
            visitor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        visitor.settimeout(SEND_S)
        with self._lock:
            self._visitor, self._server = visitor, None
        server.close()

    def _let_go(self) -> None:
        with self._lock:
            left, self._left = self._left, []
        if left:
            with self._sending:
                for visitor in left:
                    visitor.close()


def _has_left(visitor: socket.socket) -> bool:
    """A visitor has nothing to say: what can be read is the end."""
    try:
        return bool(select.select([visitor], [], [], 0)[0]) and not visitor.recv(1, socket.MSG_DONTWAIT)
    except OSError:
        return True
