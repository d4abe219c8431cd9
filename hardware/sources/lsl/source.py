"""A live source over LSL: pulls what has come, counts it by its stamps, and hands it on; comes back when its sender does."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.sources._base import SourceError
from wavestim.hardware.sources._live import SILENT_S, LiveInfo, LiveSource
from wavestim.hardware.sources.intake import Intake

from .find import Stream, find
from .loading import handle_of, puller_function, pylsl
from .markers import Markers
from .metadata import Channels, channels_of
from .pulling import Pulled, Puller
from .stamps import RateChangedError, StampCounter

OPEN_S = 5.0
PULL_S, MARKERS_S = 0.05, 0.01
"""So long samples are moved before the books are made up; with markers beside them, so long until a marker is heard."""
KEPT_BYTES, KEPT_S = 64_000_000, 60
"""What the sender and the library keep while nobody can read: as much as a cable that is out for a minute, if memory allows."""
CLOCK_S = 1.0
CORRECTION_NS = 200_000
"""How exactly LSL maps clocks, by its own measurements."""
AGES = 4096
OLDEST_S = 120.0
"""A stamp further from the host's clock than this is not of LSL's clock, whatever the sender says."""


class LslSource(LiveSource):
    """A stream of samples, and one of markers beside it.

    Parameters
    ----------
    stream : Stream
    markers : Markers, optional

    Raises
    ------
    SourceError
        For a stream that can't be a source: text, no rate, channels without units; or when the sender does not answer.
    """

    def __init__(self, stream: Stream, markers: Markers | None = None) -> None:
        self._stream, self._markers = stream, markers
        where = f"LSL stream {stream}"
        if stream.text:
            raise SourceError(f"{where}: holds text; as a source a stream of numbers is needed (markers are named by 'markers')")
        if not stream.rate_hz > 0:
            raise SourceError(f"{where}: says no sampling rate; waves can't be followed in irregular samples")
        self._inlet, self.channels, self._correction_s = _opened(stream, where)
        self._about: dict[str, Any] = {}
        super().__init__(
            LiveInfo(
                "lsl",
                where,
                stream.rate_hz,
                self.channels.labels,
                self.channels.positions_mm,
                about=self._about,
            )
        )
        self._about["source_id"] = stream.source_id
        self._ages_s: deque[float] = deque(maxlen=AGES)
        self._counter = StampCounter(stream.rate_hz)
        self._next_clock_s = 0.0

    def start(self, sink: object) -> None:
        """See ``Live``. What came since the stream was opened is let go: it begins now."""
        self._inlet.flush()
        if self._markers is not None:
            self._markers.flush()
        super().start(sink)

    def receive(self, intake: Intake) -> str:
        """See ``LiveSource``."""
        clocks = 0
        heard = time.monotonic()
        puller = Puller(puller_function(), self._stream.n_channels, self.channels.index, self.channels.scale_uv, self.info.fs_hz, intake)
        puller.attach(handle_of(self._inlet))
        longest_s = PULL_S if self._markers is None else MARKERS_S
        while not self.finish.is_set():
            due_s = self._counter.due_s
            if due_s is not None:
                puller.follow(self._counter.next, due_s)
            got = puller.pull(longest_s)
            self._placed(got.taken_s)
            if got.lost:
                if not self._found_again(intake, heard + SILENT_S):
                    return "" if self.finish.is_set() else f"{self.info.where}: was lost and did not come back within {SILENT_S:g} s"
                puller.attach(handle_of(self._inlet))
                clocks, heard = 0, time.monotonic()
                continue
            if len(got.stamps_s):
                runs = self._placed(got.stamps_s)
                if self._counter.n_clocks > clocks:
                    clocks = self._counter.n_clocks
                    intake.restarted()
                for counter, start, stop in runs:
                    intake.block(counter, got.block_uv[start:stop], got.host_ns)
            if len(got.ages_s):
                heard = got.host_ns / 1e9
                newest_s = got.stamps_s if len(got.stamps_s) else got.taken_s
                self._tell_time(intake, float(newest_s[-1]), got)
            elif got.host_ns / 1e9 > heard + SILENT_S:
                return f"{self.info.where}: has sent nothing for {SILENT_S:g} s"
            if self._markers is not None:
                self._hear_markers(intake, got.host_ns)
        return ""

    def _placed(self, stamps: NDArray[np.float64]) -> list[tuple[int, int, int]]:
        try:
            return self._counter.place(stamps)
        except RateChangedError as error:
            said = self.info.fs_hz
            raise SourceError(f"{self.info.where}: sends about {error} and says {said:g}; set the sender right and start anew") from error

    def _tell_time(self, intake: Intake, stamp_s: float, got: Pulled) -> None:
        """How old the newest sample is, and once a second when it was taken, by LSL's clocks."""
        now_ns = got.host_ns
        if self._correction_s is None or not np.isfinite(stamp_s):
            return
        self._ages_s.extend((got.ages_s[np.isfinite(got.ages_s)] - self._correction_s).tolist())
        if now_ns / 1e9 < self._next_clock_s:
            return
        self._next_clock_s = now_ns / 1e9 + CLOCK_S
        with contextlib.suppress(TimeoutError, pylsl().util.LostError):  # the last one will do
            self._correction_s = self._inlet.time_correction(PULL_S)
        self._tell_delay(self._correction_s)
        taken_s = stamp_s + self._correction_s
        if abs(taken_s - now_ns / 1e9) < OLDEST_S:
            counter = round(self._counter.at(stamp_s))
            self.clock_point(intake.sample(counter), round(taken_s * 1e9), CORRECTION_NS + round(self._counter.wander_ms * 1e6))

    def _tell_delay(self, correction_s: float) -> None:
        p50, p99, most = np.percentile(self._ages_s, [50, 99, 100]) * 1e3
        self._about["stamp_to_receipt_ms"] = {"p50": float(p50), "p99": float(p99), "max": float(most)}
        self._about["clock_correction_ms"] = correction_s * 1e3
        self._about["stamps_wander_ms"] = self._counter.wander_ms

    def _hear_markers(self, intake: Intake, now_ns: int) -> None:
        assert self._markers is not None
        for at_s, text in self._markers.pull():
            off_s = at_s - now_ns / 1e9
            if self._correction_s is not None and abs(off_s) < OLDEST_S and self._counter.started:
                counter = self._counter.at(at_s - self._correction_s)
            else:  # of no clock that is known: it is where it was heard
                counter = float(self._counter.next)
            self.mark(counter + intake.sample(0), "marker", text)

    def _found_again(self, intake: Intake, until_s: float) -> bool:
        """The stream broke off: waits for it without holding anybody up; false when it did not come back.

        Raises
        ------
        SourceError
            When it came back as something else.
        """
        self.mark(float(intake.sample(self._counter.next)), "note", "the LSL stream was lost")
        self._inlet = None
        resolver = pylsl().ContinuousResolver(prop="name", value=self._stream.name, forget_after=1.0)
        while not self.finish.wait(0.1) and time.monotonic() < until_s:
            again = [s for s in map(Stream.of, resolver.results()) if s.is_same_sender(self._stream) and s.uid != self._stream.uid]
            if not again:
                continue
            found = again[0]
            where = f"LSL stream {found}"
            self._must_be_the_same(found, where)
            try:
                self._inlet, channels, self._correction_s = _opened(found, where)
            except _NoAnswerError:
                continue
            if channels.labels != self.channels.labels or not np.array_equal(channels.scale_uv, self.channels.scale_uv):
                raise SourceError(f"{where}: came back with other channels or units; start anew with it as it is")
            self._stream, self._counter = found, StampCounter(found.rate_hz)
            intake.restarted()
            return True
        return False

    def _must_be_the_same(self, found: Stream, where: str) -> None:
        was = self._stream
        if (found.n_channels, found.rate_hz) != (was.n_channels, was.rate_hz):
            raise SourceError(
                f"{where}: came back as another one, it had {was.n_channels} channels at {was.rate_hz:g} Hz; start anew with it"
            )

    def close(self) -> None:
        super().close()
        self._inlet = None
        if self._markers is not None:
            self._markers.close()


class _NoAnswerError(SourceError):
    """The sender does not answer."""


def _opened(stream: Stream, where: str) -> tuple[Any, Channels, float | None]:
    """An inlet through which samples flow, what they are, and the correction of their stamps; None: the sender does not tell the time."""
    lsl = pylsl()
    value_bytes = 8 if stream.handle.channel_format() == lsl.cf_double64 else 4
    keep_s = int(np.clip(KEPT_BYTES / (stream.rate_hz * stream.n_channels * value_bytes), 2, KEPT_S))
    inlet = lsl.StreamInlet(stream.handle, max_buflen=keep_s, max_chunklen=1, recover=False, processing_flags=lsl.proc_none)
    try:
        channels = channels_of(inlet.info(OPEN_S).as_xml(), stream.n_channels, where)
        inlet.open_stream(OPEN_S)
    except (TimeoutError, lsl.util.LostError) as error:
        raise _NoAnswerError(f"{where}: is announced and does not answer; is a firewall between, or did its program just end?") from error
    try:
        return inlet, channels, inlet.time_correction(OPEN_S)
    except (TimeoutError, lsl.util.LostError):
        return inlet, channels, None


def open_stream(name: str | None = None, type: str | None = None, markers: str | None = None) -> LslSource:
    """The stream of a name, a type or both, with the markers of another stream.

    Raises
    ------
    SourceError
        When one of them is not there, or can't be used.
    """
    stream = find(name=name, type=type)
    return LslSource(stream, Markers(find(name=markers)) if markers is not None else None)
