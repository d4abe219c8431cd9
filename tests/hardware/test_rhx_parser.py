"""The waveform stream of Intan RHX: however its bytes are cut, spoiled, doubled or lost, what goes on was sent, and is at its own place."""

import contextlib
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.hardware.sources import SourceError
from wavestim.hardware.sources.intake import Intake
from wavestim.hardware.sources.rhx import wire
from wavestim.hardware.sources.rhx.commands import split_answer
from wavestim.hardware.sources.rhx.parser import BlockParser
from wavestim.realtime.ring import Ring

FS_HZ, M = 20000.0, 3


def block(counter, digital=None, m=M):
    """A block as the byte tables have it, built without the peer: code = counter of the frame + channel."""
    out = struct.pack("<I", 0x2EF07A08)
    for i in range(128):
        word = [] if digital is None else [digital]
        out += struct.pack(f"<I{m + len(word)}H", (counter + i) % 2**32, *((counter + i + k) % 65536 for k in range(m)), *word)
    return out


class Bench:
    def __init__(self, digital=False, m=M):
        self.ring = Ring(m, 100_000, np.int16)
        self.intake = Intake(FS_HZ, m, self.ring.sink())
        self.parser = BlockParser(m, digital, self.intake)

    def feed(self, data, at_ms=0):
        self.parser.feed(data, at_ms * 1_000_000)

    def taken(self):
        return [(first, rows) for first, _, rows in self.ring.take()]


def cut(data, places):
    marks = [0, *sorted(p % (len(data) + 1) for p in places), len(data)]
    return [data[a:b] for a, b in pairwise(marks)]


def test_codes_become_bits_around_zero_in_channel_order():
    bench = Bench()
    bench.feed(block(40000))
    ((first, rows),) = bench.taken()
    expected = (np.arange(40000, 40128)[:, None] + np.arange(M)) - 32768
    assert first == 0
    np.testing.assert_array_equal(rows, expected)


def test_block_size_is_that_of_the_sheet():
    assert wire.block_bytes(M + 1) == len(block(0, 7)) == 4 + 128 * (4 + 2 * 4)


@given(st.lists(st.integers(0, 10**6), max_size=20))
@settings(max_examples=50)
def test_any_cut_of_the_bytes_gives_the_same(places):
    bench = Bench()
    for piece in cut(b"".join(block(128 * k) for k in range(4)), places):
        bench.feed(piece)
    ((first, rows),) = bench.taken()
    assert (first, len(rows)) == (0, 512)
    np.testing.assert_array_equal(rows[:, 0].astype(np.int64) + 32768, np.arange(512))
    assert bench.intake.garbled == 0


@given(st.lists(st.sampled_from(["send", "drop", "twice", "late", "cut", "flip"]), min_size=1, max_size=25), st.randoms())
@settings(max_examples=60)
def test_every_loss_is_counted_and_every_sample_stands_at_its_place(steps, random):
    bench, whole, spoiled, held, last = Bench(), [], 0, None, 0
    bench.feed(block(0))
    for k, what in enumerate(["send", *steps, "send", "send"][1:], start=1):
        data = bytearray(block(128 * k))
        if what == "drop" or (what == "late" and held is not None):
            continue
        if what == "late":
            held = bytes(data)
            continue
        if what == "cut":
            del data[random.randrange(1, len(data) - (4 + 2 * M)) :]  # within the last frame: below; a flip behind that cannot be told
            spoiled += 1
        elif what == "flip":
            data[random.randrange(4)] ^= 0xFF  # of the magic
            spoiled += 1
        else:
            whole.append(k)
            last = k
        bench.feed(bytes(data))
        if held is not None and what == "send":
            bench.feed(held)
            held = None
        if what == "twice":
            bench.feed(bytes(data))
    seen = set()
    for first, rows in bench.taken():
        place = np.arange(first, first + len(rows))
        np.testing.assert_array_equal(rows[:, 0].astype(np.int64) + 32768, place % 65536)
        seen |= set((place // 128).tolist())
    assert seen == {0, *whole}
    assert bench.intake.lost == 128 * (last + 1 - len(seen))
    assert bench.intake.duplicated == 128 * sum(1 for k in steps if k == "twice")
    assert (bench.intake.garbled > 0) == (spoiled > 0)


@pytest.mark.parametrize("lost", range(1, 2 * M + 1))
def test_a_block_that_breaks_off_within_its_last_frame_is_not_taken(lost):
    """The bytes that are missing are filled with the beginning of the next block, whose magic gives it away."""
    bench = Bench()
    bench.feed(block(0)[:-lost] + block(128) + block(256))
    ((_, rows),) = bench.taken()
    np.testing.assert_array_equal(rows[:, 0].astype(np.int64) + 32768, np.arange(128, 384))
    assert (bench.intake.garbled, bench.parser.n_blocks) == (1, 2)


@given(st.binary(max_size=4000), st.lists(st.integers(0, 4000), max_size=5))
def test_noise_never_becomes_samples(noise, places):
    bench = Bench()
    for piece in cut(noise, places):
        bench.feed(piece)
    assert bench.taken() == []


@given(st.binary(max_size=600))
@settings(max_examples=50)
def test_after_noise_the_stream_is_found_again(noise):
    bench = Bench()
    bench.feed(noise + block(0) + block(128))
    assert sum(len(rows) for _, rows in bench.taken()) in (128, 256)  # noise may end in what looks like a beginning


def test_the_counter_of_32_bits_is_unwrapped():
    bench = Bench()
    start = 2**32 - 128
    bench.feed(block(start) + block(0) + block(128))
    ((first, rows),) = bench.taken()
    assert (first, len(rows)) == (0, 384)
    assert bench.intake.restarts == 0


def test_stop_and_run_begins_a_new_count_that_goes_on_in_the_session():
    bench = Bench()
    for k in range(400):
        bench.feed(block(128 * k), at_ms=6.4 * k)
    bench.taken()
    bench.intake.restarted()
    bench.feed(block(0), at_ms=10_000)
    ((first, _),) = bench.taken()
    assert first == 400 * 128 + (10_000 - 6.4 * 399) * 20 - 128
    assert bench.intake.restarts == 1


def test_edges_of_the_digital_word_are_told_at_their_sample():
    bench = Bench(digital=True)
    bench.feed(block(0, digital=0) + block(128, digital=5) + block(256, digital=4))
    assert bench.intake.take_events() == [(128, "ttl", 5), (256, "ttl", 4)]
    assert bench.taken()[0][1].shape == (384, M)


def test_a_line_that_is_up_at_the_beginning_is_told():
    bench = Bench(digital=True)
    bench.feed(block(0, digital=3) + block(128, digital=3))
    assert bench.intake.take_events() == [(0, "ttl", 3)]


def test_other_channels_than_agreed_make_no_samples():
    bench = Bench()
    bench.feed(b"".join(block(128 * k, m=M + 1) for k in range(20)))
    assert bench.taken() == []
    assert bench.parser.n_strange > 0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A-000:A-002", ("A-000", "A-001", "A-002")),
        ("b-001, a-007", ("A-007", "B-001")),
        ("A-030:A-031,B-000:B-001", ("A-030", "A-031", "B-000", "B-001")),
    ],
)
def test_channels_come_in_the_order_in_which_rhx_sends_them(text, names):
    assert wire.channel_names(text) == names


@pytest.mark.parametrize("text", ["", "A", "A-3", "A-005:A-001", "A-000:B-003", "A-000,A-000", "Q-000"])
def test_channels_that_cannot_be_are_refused(text):
    with pytest.raises(SourceError, match="rhx: channels"):
        wire.channel_names(text)


@given(st.text(max_size=60))
def test_channels_from_any_text_are_names_or_refused(text):
    with contextlib.suppress(SourceError):
        assert len(wire.channel_names(text)) > 0


@pytest.mark.parametrize(
    ("fs_hz", "ms"), [(30000, 34.1), (25000, 30.7), (20000, 32.0), (15000, 34.1), (8000, 32.0), (5000, 25.6), (1000, 128)]
)
def test_bursts_are_those_of_the_sheet(fs_hz, ms):
    assert wire.burst_ms(fs_hz) == pytest.approx(ms, abs=0.05)


def test_answers_are_told_from_refusals():
    assert split_answer("Return: SampleRateHertz 30000", "samplerateHERTZ") == ("30000", "")
    assert split_answer("Return: 12345", "currenttimestamp") == ("12345", "")
    assert split_answer("Unrecognized parameterReturn: RunMode Stop", "RunMode") == ("Stop", "Unrecognized parameter")
    assert split_answer("Error - Command 1: Unrecognized command", "Type") == (None, "Error - Command 1: Unrecognized command")


@given(st.text(max_size=80), st.text(max_size=10))
def test_any_answer_is_taken_apart(text, name):
    value, other = split_answer(text, name)
    assert value is None or isinstance(value, str)
    assert other == other.strip()
