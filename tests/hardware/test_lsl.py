"""LSL for real: an outlet of this process, and the source that reads it over the loopback interface."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from support.loopback import fate_of, needs_lsl, numbered
from support.waiting import until
from wavestim.hardware.sources import SourceError, find_live, open_live
from wavestim.hardware.sources.lsl import find
from wavestim.hardware.sources.mock import Faults, Played, Tally, serve
from wavestim.hardware.sources.mock.lsl import LslPeer
from wavestim.realtime.ring import Ring

FS_HZ, M, BLOCK = 1000.0, 5, 4
PLACES = np.column_stack([np.arange(M) * 0.4, np.zeros(M)])


@pytest.fixture(autouse=True)
def _loopback(monkeypatch):
    needs_lsl()
    monkeypatch.setattr(find, "WAIT_S", 1.0)


def played(fs_hz: float = FS_HZ, n_channels: int = M, begin: int = 0) -> Played:
    at = [begin]

    def read(n: int) -> np.ndarray:
        at[0] += n
        return numbered(at[0] - n, n, n_channels)

    return Played("numbers", fs_hz, tuple(f"E{i}" for i in range(n_channels)), PLACES[:n_channels] if n_channels <= M else None, read)


class Listening:
    """A source on a ring, and what came out of it by its number."""

    def __init__(self, **keys):
        self.source = open_live("lsl", **keys)
        self.ring = Ring(self.source.info.n_channels, 200_000)
        self._samples: dict[int, np.ndarray] = {}
        self.source.start(self.ring.sink())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.source.close()

    @property
    def samples(self) -> dict[int, np.ndarray]:
        for first, _, block in self.ring.take():
            self._samples |= {first + i: row for i, row in enumerate(block)}
        return self._samples

    @property
    def last(self) -> int:
        return next(reversed(self.samples), -1)


def serve_aside(peer: LslPeer, faults: Faults | None = None, seconds: float = 4.0) -> Tally:
    """Everything sent as fast as it is taken, while this thread could read."""
    out: list[Tally] = []
    thread = threading.Thread(target=lambda: out.append(serve(peer, faults, seconds=seconds, flat_out=True)))
    thread.start()
    thread.join()
    return out[0]


def test_a_stream_is_found_with_units_places_and_a_clock():
    peer = LslPeer(played(), name="plain", type="ECoG")
    (found,) = [f for f in find_live("lsl") if f.keys == {"name": "plain"}]
    assert "5 channels at 1000 Hz" in found.description
    with Listening(type="ECoG") as heard:
        info = heard.source.info
        assert (info.fs_hz, info.channel_names, info.dtype) == (FS_HZ, ("E0", "E1", "E2", "E3", "E4"), np.float32)
        np.testing.assert_array_equal(info.positions_mm, PLACES)
        serve_aside(peer)
        until(lambda: heard.last == 3999)
        np.testing.assert_array_equal(np.stack([heard.samples[i] for i in range(4000)]), numbered(0, 4000, M))
        assert (heard.source.counts.lost, heard.source.counts.duplicated, heard.source.ended) == (0, 0, "")
        assert set(info.about) == {"source_id", "clock_correction_ms", "stamp_to_receipt_ms", "stamps_wander_ms"}
        assert info.about["stamps_wander_ms"] == 0
        points = heard.source.take_clock_points()
        assert points
        for point in points:  # of the very clock that the sender stamped with
            assert point.taken_ns / 1e9 == pytest.approx(peer.begin_s + point.sample / FS_HZ, abs=0.01)
    assert heard.source.ended == "stopped"
    peer.close()


def test_every_loss_is_counted_and_nothing_is_out_of_place():
    peer = LslPeer(played(), name="faulty")
    with Listening(name="faulty") as heard:
        faults = Faults(drop=0.03, duplicate=0.03, delay=0.03, split=0.03, seed=3)
        serve_aside(peer, faults, seconds=8.0)
        until(lambda: heard.last == 7999)
        sent, counts = fate_of(faults, 2000, BLOCK), heard.source.counts
        assert min(2000 - len(sent.used) - sent.late, sent.late, sent.twice) > 20
        assert counts.lost == BLOCK * (2000 - len(sent.used))
        assert counts.late == BLOCK * sent.late
        assert counts.duplicated == BLOCK * sent.twice
        assert set(heard.samples) == {number * BLOCK + i for number in sent.used for i in range(BLOCK)}
        assert all(row[0] == i for i, row in heard.samples.items())
    peer.close()


def test_nonsense_from_the_sender_is_missing_or_in_its_place():
    """Samples that are no numbers, and stamps of another time."""
    peer = LslPeer(played(), name="garbled")
    with Listening(name="garbled") as heard:
        tally = serve_aside(peer, Faults(garble=0.05, seed=5))
        until(lambda: heard.last == 3999)
        assert len(tally.faults) > 20
        assert sorted(heard.samples) == list(range(4000))
        assert all(row[0] == i or np.isnan(row).all() for i, row in heard.samples.items())
        assert any(np.isnan(row).all() for row in heard.samples.values())
        assert heard.source.counts.restarts == 0
    peer.close()


def test_markers_are_at_the_sample_of_their_moment():
    peer = LslPeer(played(), name="marked", markers="marks")
    with Listening(name="marked", markers="marks") as heard:
        serve_aside(peer)
        events = []
        until(lambda: events.extend(heard.source.take_events()) or len(events) >= 4)
        assert [(e.kind, e.text) for e in events] == [("marker", f"second {i}") for i in range(4)]
        np.testing.assert_allclose([e.sample for e in events], [0, 1000, 2000, 3000], atol=2.0)
    peer.close()


def test_a_sender_that_is_started_again_is_found_again():
    peer = LslPeer(played(), name="again")
    with Listening(name="again") as heard:
        serve_aside(peer, seconds=1.0)
        until(lambda: heard.last == 999)
        peer.close()
        peer = LslPeer(played(begin=50_000), name="again")
        until(peer.running)
        serve_aside(peer, seconds=1.0)
        until(lambda: sum(row[0] >= 50_000 for row in heard.samples.values()) == 1000)
        counts = heard.source.counts
        assert counts.restarts == 1
        assert counts.skipped > 0
        assert heard.last == 1999 + counts.skipped  # the time without it is in the count
        assert heard.samples[heard.last][0] == 50_999
        notes = [e.kind for e in heard.source.take_events()]
        assert notes.count("restart") == 1
        assert "note" in notes
        assert heard.source.ended == ""
    peer.close()


@pytest.mark.parametrize(("fs_hz", "n_channels"), [(500.0, M), (FS_HZ, 3)])
def test_a_sender_that_comes_back_as_another_is_not_taken(fs_hz, n_channels):
    peer = LslPeer(played(), name="other")
    with Listening(name="other") as heard:
        serve_aside(peer, seconds=0.5)
        until(lambda: heard.last == 499)
        peer.close()
        peer = LslPeer(played(fs_hz, n_channels), name="other")
        until(lambda: heard.source.ended != "")
        assert f"{n_channels} channels at {fs_hz:g} Hz" in heard.source.ended
        assert "it had 5 channels at 1000 Hz" in heard.source.ended
    peer.close()


def test_a_rate_that_is_not_as_said_ends_the_source():
    peer = LslPeer(played(), name="fast")
    with Listening(name="fast") as heard:
        until(peer.running)
        for block in range(60):
            stamps = 1000 + (block * 100 + np.arange(100)) / 1250
            peer.send((np.zeros((100, M), np.float32), stamps))
        until(lambda: heard.source.ended != "")
        assert "sends about 1250 samples a second and says 1000" in heard.source.ended
    peer.close()


def test_what_is_there_instead_is_said():
    peer = LslPeer(played(), name="present", markers="present-marks")
    with pytest.raises(SourceError, match=r"no LSL stream with name 'absent'; found instead: .*'present' \(LFP, 5 channels at 1000 Hz"):
        open_live("lsl", name="absent")
    with pytest.raises(SourceError, match="holds text"):
        open_live("lsl", name="present-marks")
    with pytest.raises(SourceError, match="no LSL stream with name 'no-marks'"):
        open_live("lsl", name="present", markers="no-marks")
    twin = LslPeer(played(), name="present")
    with pytest.raises(SourceError, match="2 LSL streams with name 'present'"):
        open_live("lsl", name="present")
    for p in (peer, twin):
        p.close()
