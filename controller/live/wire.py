"""The messages of a running session: a topic, a header in JSON, and arrays as they are in memory.

A message has the frames ``topic``, ``header`` and one for each array; the header's ``arrays`` lists their names, dtypes and shapes.
Orders and their answers are one frame of JSON.

===========  ==========================================================================================================
topic        content
===========  ==========================================================================================================
status       a few times a second: state of the session, counts, lamps
tick         up to 60 times a second: what the model knows; arrays ``phase_rad`` and ``sd_deg`` of every electrode
samples      every block: ``first``; array ``uv`` (samples x channels)
decisions    rows as they are journalled, ``first`` is the index of the first
pulses       rows as they are journalled
waves        rows as they are journalled, ``first`` likewise: ten times a second and at every light-on, what the model knew
marker       index (its row in the journal), sample, kind, text
end          the session is over; the reason
===========  ==========================================================================================================
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.plain import plain
from wavestim.realtime.records import KINDS
from wavestim.realtime.records import MANUAL as MANUAL

VERSION = 1
Arrays = dict[str, NDArray[Any]]


class WireError(ValueError):
    """Bytes that are no message."""


def pack(topic: str, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> list[bytes]:
    """Frames of a message.

    Parameters
    ----------
    topic : str
    header : mapping
        JSON. Numbers that are not finite become null.
    arrays : mapping of arrays, optional
    """
    kept = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    told = {**header, "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in kept.items()]}
    return [topic.encode("ascii"), dump(told), *(array.tobytes() for array in kept.values())]


def unpack(frames: Sequence[bytes]) -> tuple[str, dict[str, Any], Arrays]:
    """Topic, header and arrays of a message.

    Raises
    ------
    WireError
        When the frames do not fit the header, or are no message at all.
    """
    if len(frames) < 2:
        raise WireError(f"a message has two frames or more, this one {len(frames)}")
    header = load(frames[1])
    try:
        topic = frames[0].decode("ascii")
        listed = [(str(name), np.dtype(str(kind)), tuple(int(n) for n in shape)) for name, kind, shape in header.pop("arrays")]
    except (UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise WireError(f"header without a proper list of arrays: {error}") from None
    if len(listed) != len(frames) - 2:
        raise WireError(f"{len(listed)} arrays are listed and {len(frames) - 2} came")
    arrays = {}
    for (name, kind, shape), frame in zip(listed, frames[2:], strict=True):
        if kind.hasobject or min(shape, default=0) < 0 or len(frame) != kind.itemsize * int(np.prod(shape, dtype=np.int64)):
            raise WireError(f"array '{name}' of {len(frame)} bytes is not {kind.str} {shape}")
        arrays[name] = np.frombuffer(frame, kind).reshape(shape)
    return topic, header, arrays


def rows(table: NDArray[np.void]) -> list[dict[str, Any]]:
    """A structured array as JSON: one object a row."""
    names = table.dtype.names or ()
    return [{name: row[name].item() for name in names} for row in table]


def tick(
    sample: float, wave: NDArray[np.floating], phase_rad: NDArray[np.floating], sd_deg: NDArray[np.floating]
) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of a ``tick``: a wave's row of the engine's telemetry, phase and SD of every electrode."""
    direction, speed, wavelength, frequency, pgd, kind, amplitude, stale, certainty, centre_x, centre_y, sense = wave.tolist()
    header = {
        "sample": sample,
        "direction_deg": direction,
        "speed_mm_s": speed,
        "wavelength_mm": wavelength,
        "frequency_hz": frequency,
        "pgd": pgd,
        "kind": KINDS[int(kind)],
        "kind_certainty": certainty,
        "centre_mm": None if math.isnan(centre_x) else [centre_x, centre_y],
        "sense": int(sense),
        "amplitude_uv": amplitude,
        "stale": bool(stale),
    }
    return header, {"phase_rad": phase_rad.astype(np.float32), "sd_deg": sd_deg.astype(np.float32)}


def dump(content: Mapping[str, Any]) -> bytes:
    """JSON of an order, an answer or a header."""
    return json.dumps(plain(content), separators=(",", ":"), allow_nan=False).encode()


def load(frame: bytes) -> dict[str, Any]:
    """The object in a frame of JSON.

    Raises
    ------
    WireError
    """
    try:
        content = json.loads(frame)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise WireError("not JSON") from None
    if not isinstance(content, dict):
        raise WireError("not an object")
    return content
