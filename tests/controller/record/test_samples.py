"""Samples on disk: what was recorded is what is read, a cut costs at most the last block, damage is told and not handed out."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.controller.record import RecordError
from wavestim.controller.record.rows import ReferencedSamples
from wavestim.controller.record.samples import HEADER, SampleReader, SampleWriter, scan

CHANNELS = 3
SIZES = st.lists(st.tuples(st.integers(1, 400), st.sampled_from([0, 0, 0, 1, 700])), min_size=1, max_size=12)


def write(folder: Path, pieces: list[tuple[int, int]], seed: int = 0) -> tuple[list, np.ndarray, np.ndarray]:
    """Blocks of these sizes, each after a gap; index entries, samples and their counters."""
    rng = np.random.default_rng(seed)
    writer, entries, blocks, counters, at = SampleWriter(folder), [], [], [], 5
    for i, (n, gap) in enumerate(pieces):
        at += gap
        block = rng.normal(0, 50, (n, CHANNELS)).astype(np.float32)
        writer.append(at, block, i)
        blocks.append(block)
        counters.append(np.arange(at, at + n))
        at += n
        if i % 3 == 2:
            entries += writer.flush()
    entries += writer.flush()
    writer.close()
    return entries, np.concatenate(blocks), np.concatenate(counters)


@settings(max_examples=30)
@given(pieces=SIZES, size=st.integers(1, 600))
def test_what_was_recorded_is_what_is_read(pieces, size):
    with TemporaryDirectory() as place:
        entries, samples, counters = write(Path(place) / "s", pieces)
        assert scan(Path(place) / "s") == (entries, [])
        reader = SampleReader(Path(place) / "s", entries, CHANNELS)
        assert np.array_equal(np.asarray(reader), samples)
        firsts, blocks = zip(*reader.blocks(size), strict=True)
        assert max(len(b) for b in blocks) <= size
        assert np.array_equal(np.concatenate(blocks), samples)
        assert np.array_equal(np.concatenate([np.arange(f, f + len(b)) for f, b in zip(firsts, blocks, strict=True)]), counters)
        missing = [(int(counters[i] + 1), int(step - 1)) for i, step in enumerate(np.diff(counters)) if step > 1]
        assert (reader.first_sample, reader.gaps) == (counters[0], missing)


KEYS = st.one_of(
    st.slices(1000),
    st.integers(-1000, 999),
    st.tuples(st.slices(1000), st.slices(CHANNELS)),
    st.tuples(st.slices(1000), st.integers(-CHANNELS, CHANNELS - 1)),
    st.tuples(st.integers(-1000, 999), st.integers(-CHANNELS, CHANNELS - 1)),
    st.tuples(st.just(...), st.integers(0, 2)),
    st.lists(st.integers(-1000, 999), max_size=4),
    st.just(()),
)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A thousand samples in blocks of a session, and the same as a recording that a replay refers to."""
    folder = tmp_path_factory.mktemp("lazy") / "s"
    entries, samples, _ = write(folder, [(300, 0), (300, 9), (400, 0)])

    class Recorded:
        def blocks(self, size):
            return ((i, samples[i : i + size]) for i in range(0, len(samples), size))

        def rows(self, start, stop):
            return samples[start:stop]

    return SampleReader(folder, entries, CHANNELS), ReferencedSamples(Recorded, 1000, CHANNELS), samples


@settings(max_examples=150)
@given(key=KEYS)
def test_samples_are_indexed_as_numpy_does(both, key):
    *lazy, samples = both
    for one in lazy:
        assert np.array_equal(one[key], samples[key])
        assert one[key].shape == samples[key].shape
        assert one[key].dtype == np.float32


def test_what_is_not_there_is_an_index_error(both):
    for one in both[:2]:
        assert (one.shape, one.ndim, len(one)) == ((1000, CHANNELS), 2, 1000)
        for key in (1000, -1001, (0, 0, 0)):
            with pytest.raises(IndexError):
                one[key]
        assert np.array_equal(one[np.arange(1000) % 500 == 7], both[2][[7, 507]])


@settings(max_examples=40)
@given(pieces=SIZES, cut=st.floats(0, 1))
def test_a_cut_at_any_byte_costs_at_most_the_last_block(pieces, cut):
    with TemporaryDirectory() as place:
        entries, _, _ = write(Path(place) / "s", pieces)
        path = Path(place) / "s" / "000000.blk"
        size = path.stat().st_size
        keep = round(cut * size)
        with path.open("r+b") as file:
            file.truncate(keep)
        ends = [*(e.offset for e in entries[1:]), size]
        whole = [e for e, end in zip(entries, ends, strict=True) if end <= keep]
        found, damaged = scan(Path(place) / "s")
        assert found == whole
        assert len(damaged) == (keep not in (0, *ends))


@pytest.mark.parametrize("where", [0, 10, 14, HEADER.size + 5, -1])
def test_a_damaged_block_is_told_and_what_follows_is_kept(tmp_path, where):
    """One flipped bit, in the block's magic, counter, length, samples or checksum."""
    entries, _, _ = write(tmp_path / "s", [(250, 0), (250, 0), (250, 0)])
    path = tmp_path / "s" / "000000.blk"
    data = bytearray(path.read_bytes())
    data[entries[1].offset + where if where >= 0 else entries[2].offset + where] ^= 4
    path.write_bytes(bytes(data))
    found, damaged = scan(tmp_path / "s")
    assert found == [entries[0], entries[2]]
    assert len(damaged) == 1
    assert "damaged" in damaged[0]


def test_damaged_samples_are_not_handed_out(tmp_path):
    entries, samples, _ = write(tmp_path / "s", [(250, 0), (250, 0)])
    path = tmp_path / "s" / "000000.blk"
    data = bytearray(path.read_bytes())
    data[HEADER.size + 8] ^= 1
    path.write_bytes(bytes(data))
    reader = SampleReader(tmp_path / "s", entries, CHANNELS)
    assert np.array_equal(reader[250:], samples[250:])
    with pytest.raises(RecordError, match="samples 5 to 254 fail their checksum"):
        reader[0]
    reader.tolerant = True
    assert np.array_equal(reader[1:], samples[1:])
    assert reader.damaged
    shutil.rmtree(tmp_path / "s")
    with pytest.raises(RecordError, match="missing"):
        reader[300]


def test_a_full_disk_is_one_sentence(tmp_path):
    class Full:
        def tell(self):
            return 0

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        flush = close = lambda self: None

    writer = SampleWriter(tmp_path / "s")
    writer.append(0, np.zeros((10, 2), np.float32), 0)
    writer._file = Full()
    with pytest.raises(RecordError, match=r"no room.*run recover"):
        writer.flush()


def test_files_are_cut_before_they_grow_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("wavestim.controller.record.samples.FILE_BYTES", 8000)
    entries, samples, _ = write(tmp_path / "s", [(250, 0)] * 5)
    assert len(list((tmp_path / "s").iterdir())) == 3
    assert max(p.stat().st_size for p in (tmp_path / "s").iterdir()) <= 8000
    assert np.array_equal(SampleReader(tmp_path / "s", scan(tmp_path / "s")[0], CHANNELS)[:], samples)
    assert [e.file for e in entries] == [0, 0, 1, 1, 2]
