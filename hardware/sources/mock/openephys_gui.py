"""What else the Open Ephys GUI offers, mocked: the HTTP server that tells its mode and streams, and Network Events, which takes TTLs."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import zmq


class MockGui:
    """Answers ``/api/status`` and ``/api/processors`` until it is closed.

    Parameters
    ----------
    port : int
        0: any free one.
    stream, fs_hz, n_channels
        Of its one data stream.

    Attributes
    ----------
    mode : str
        ``IDLE``, ``ACQUIRE`` or ``RECORD``.
    port : int
    """

    def __init__(self, port: int, stream: str, fs_hz: float, n_channels: int) -> None:
        self.mode = "ACQUIRE"
        streams = [{"name": stream, "source_id": 100, "sample_rate": fs_hz, "channel_count": n_channels, "parameters": []}]
        processors = {"processors": [{"id": 100, "name": "Mock", "parameters": [], "predecessor": None, "streams": streams}]}
        gui = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = {"/api/status": {"mode": gui.mode}, "/api/processors": processors}.get(self.path)
                body = json.dumps(found).encode()
                self.send_response(200 if found is not None else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: what was asked is no news."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="mock-gui", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class MockNetworkEvents:
    """Takes commands as Network Events does, until it is closed.

    Parameters
    ----------
    port : int
        0: any free one.

    Attributes
    ----------
    heard : list of str
        Every command, in order.
    port : int
    """

    def __init__(self, port: int = 0) -> None:
        self.heard: list[str] = []
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.REP)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(f"tcp://127.0.0.1:{port or '*'}")
        self.port = int(self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])
        self._finish = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="mock-network-events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._finish.set()
        self._thread.join()
        self._context.destroy(linger=0)

    def _serve(self) -> None:
        while not self._finish.is_set():
            if self._socket.poll(50):
                command = self._socket.recv_string()
                self.heard.append(command)
                self._socket.send_string(_answer(command))


def _answer(command: str) -> str:
    """What the plugin says to a command."""
    words = command.split()
    first = words[0].lower() if words else ""
    if first == "ttl":
        keys = dict(word.lower().partition("=")[::2] for word in words[1:])
        line, state = keys.get("line", ""), keys.get("state", "")
        if line.isdecimal() and 1 <= int(line) <= 256 and state in ("0", "1"):
            return f"TTLHandled: Line={line} State={state}"
        return "InvalidChannel"
    return {"isacquiring": "1", "isrecording": "0"}.get(first, "NotHandled")
