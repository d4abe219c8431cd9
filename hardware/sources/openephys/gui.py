"""What the Open Ephys GUI says of itself over HTTP: whether it acquires, and its streams with their exact rates. It need not answer."""

from __future__ import annotations

import http.client
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from .garbled import GarbledError

PORT = 37497
MOST_BYTES = 4_000_000
Mode = Literal["IDLE", "ACQUIRE", "RECORD"]
M = TypeVar("M", bound=BaseModel)


class _Status(BaseModel):
    mode: Mode


class GuiStream(BaseModel):
    """A data stream of a processor of the signal chain."""

    name: str
    sample_rate: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
    channel_count: Annotated[int, Field(ge=0)]


class _Processor(BaseModel):
    name: str
    streams: list[GuiStream] = []


class _Processors(BaseModel):
    processors: list[_Processor]


def parse_mode(body: bytes) -> Mode:
    """The mode in the answer to ``/api/status``.

    Raises
    ------
    GarbledError
        When it is something else.
    """
    return _parsed(_Status, body, "/api/status").mode


def parse_streams(body: bytes) -> tuple[GuiStream, ...]:
    """The streams in the answer to ``/api/processors``, one each name and rate.

    Raises
    ------
    GarbledError
        When it is something else.
    """
    processors = _parsed(_Processors, body, "/api/processors").processors
    return tuple({(s.name, s.sample_rate): s for p in processors for s in p.streams}.values())


def _parsed(kind: type[M], body: bytes, path: str) -> M:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        why = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise GarbledError(f"the answer to {path} is not that of an Open Ephys GUI: {why}") from None


def gui_mode(host: str, port: int = PORT, timeout_s: float = 1.0) -> Mode | None:
    """What the GUI is doing; None when it does not answer."""
    body = _get(host, port, "/api/status", timeout_s)
    try:
        return None if body is None else parse_mode(body)
    except GarbledError:
        return None


def gui_streams(host: str, port: int = PORT, timeout_s: float = 1.0) -> tuple[GuiStream, ...]:
    """The GUI's streams; none when it does not answer."""
    body = _get(host, port, "/api/processors", timeout_s)
    try:
        return () if body is None else parse_streams(body)
    except GarbledError:
        return ()


def _get(host: str, port: int, path: str, timeout_s: float) -> bytes | None:
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read(MOST_BYTES) if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
