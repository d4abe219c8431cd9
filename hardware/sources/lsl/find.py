"""Finds LSL streams, and says what is there when the one that was asked for is not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wavestim.hardware.sources._base import SourceError

from .loading import pylsl

LOOK_S = 1.0
"""Of one look around; streams answer within half a second on a local network."""
WAIT_S = 5.0


@dataclass(frozen=True)
class Stream:
    """A stream as it shows itself.

    Attributes
    ----------
    handle : object
        pylsl's own description, from which an inlet is made.
    """

    name: str
    type: str
    n_channels: int
    rate_hz: float
    text: bool
    host: str
    source_id: str
    uid: str
    handle: Any

    @classmethod
    def of(cls, handle: Any) -> Stream:
        return cls(
            handle.name(), handle.type(), handle.channel_count(), handle.nominal_srate(), handle.channel_format() == pylsl().cf_string,
            handle.hostname(), handle.source_id(), handle.uid(), handle,
        )  # fmt: skip

    def __str__(self) -> str:
        rate = f"at {self.rate_hz:g} Hz" if self.rate_hz > 0 else "without a rate"
        return f"'{self.name}' ({self.type or 'no type'}, {self.n_channels} channel{'s' * (self.n_channels != 1)} {rate}, on {self.host})"

    def is_same_sender(self, other: Stream) -> bool:
        """Whether it is this stream, started again."""
        if self.source_id or other.source_id:
            return self.source_id == other.source_id
        return (self.name, self.type, self.host) == (other.name, other.type, other.host)


def streams(look_s: float = LOOK_S) -> list[Stream]:
    """Every stream that answers in the given time, each once, by name."""
    found = {handle.uid(): Stream.of(handle) for handle in pylsl().resolve_streams(look_s)}
    return sorted(found.values(), key=lambda s: (s.name, s.host, s.uid))


def find(*, name: str | None = None, type: str | None = None, wait_s: float = WAIT_S) -> Stream:
    """The one stream of a name, a type or both.

    Raises
    ------
    SourceError
        When there is none, with what was found instead, or more than one.
    """
    until = time.monotonic() + wait_s
    while True:
        seen = streams()
        fits = [s for s in seen if (name is None or s.name == name) and (type is None or s.type == type)]
        if fits or time.monotonic() >= until:
            return only(fits, seen, asked(name, type))


def asked(name: str | None, type: str | None) -> str:
    """In words."""
    return " and ".join(f"{what} '{value}'" for what, value in (("name", name), ("type", type)) if value is not None)


def only(fits: Sequence[Stream], seen: Sequence[Stream], words: str) -> Stream:
    """The one that fits, or ``SourceError``."""
    if not fits:
        there = f"found instead: {', '.join(map(str, seen))}" if seen else "no stream at all answers"
        raise SourceError(
            f"no LSL stream with {words}; {there}. Is its program running and its stream linked, and does the network let LSL through "
            "(multicast, or KnownPeers in lsl_api.cfg)?"
        )
    if len(fits) > 1:
        raise SourceError(f"{len(fits)} LSL streams with {words}: {', '.join(map(str, fits))}; stop the others or give a name of its own")
    return fits[0]
