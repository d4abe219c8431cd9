"""A recording opens in µV and mm, whatever wrote it, and what is wrong with it is said in one sentence."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.foreign import brainvision
from support.recordings import LFP, anywhere, whole
from support.refusing import refusal
from wavestim.hardware.sources import Recording, SourceError, as_stored, open_recording, regions_of

POSITIONS = np.column_stack([np.arange(4) * 0.4, np.zeros(4)])


def save(path, *, compressed=False, **change):
    keys = {"lfp": LFP, "fs": 1000.0, "positions_mm": POSITIONS, **change}
    (np.savez_compressed if compressed else np.savez)(path, **{k: v for k, v in keys.items() if v is not None})
    return path


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i2", ">f4", "<f2"])
def test_npz(tmp_path, compressed, order, dtype):
    lfp = np.asarray(LFP.astype(dtype), order=order)
    recording = open_recording(save(tmp_path / "a.npz", compressed=compressed, lfp=lfp, fs=1017.25))
    assert isinstance(recording, Recording)
    assert (recording.fs_hz, recording.n_samples, recording.n_channels) == (1017.25, 1000, 4)
    assert np.array_equal(recording.positions_mm, POSITIONS)
    assert recording.channel_names == ("ch0", "ch1", "ch2", "ch3")
    for _ in range(2):
        assert np.array_equal(whole(recording), lfp.astype(np.float32))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("bits", [False, True])
def test_npz_is_read_anywhere(tmp_path, compressed, order, bits):
    lfp = np.asarray(LFP.astype(np.int16) if bits else LFP, order=order)
    assert anywhere(open_recording(save(tmp_path / "a.npz", compressed=compressed, lfp=lfp, gain_uv=0.195 if bits else None)))


def test_nwb_and_neo_are_read_anywhere(tmp_path):
    bits = (LFP * 10).astype(np.int16)
    for data in (LFP, bits):
        assert anywhere(open_recording(nwb(tmp_path / f"{data.dtype}.nwb", data=data)))
    assert anywhere(open_recording(brainvision(tmp_path)))


def test_npz_without_positions_and_with_names(tmp_path):
    recording = open_recording(save(tmp_path / "a.npz", positions_mm=None, channel_names=np.array(["a", "b", "c", "d"])))
    assert recording.positions_mm is None
    assert recording.channel_names == ("a", "b", "c", "d")


def test_silence_and_nan_are_samples_too(tmp_path):
    lfp = np.zeros((1000, 4), np.float32)
    assert not whole(open_recording(save(tmp_path / "a.npz", lfp=lfp))).any()
    lfp[:, 1] = np.nan
    assert np.isnan(whole(open_recording(save(tmp_path / "b.npz", lfp=lfp)))[:, 1]).all()


def test_npz_with_regions(tmp_path):
    labels = np.array(["V1", "V1", "", "V4"])
    assert regions_of(open_recording(save(tmp_path / "a.npz", region=labels))) == ("V1", "V1", "", "V4")
    assert regions_of(open_recording(save(tmp_path / "b.npz", region=np.array([1, 1, 2, 2])))) == ("1", "1", "2", "2")
    assert regions_of(open_recording(save(tmp_path / "c.npz"))) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lfp": LFP[:, 0]}, "samples × channels"),
        ({"lfp": LFP[:0]}, "samples × channels"),
        ({"lfp": LFP.T}, "channels × samples"),
        ({"lfp": LFP * 1e-6}, "µV"),
        ({"lfp": LFP.astype(complex)}, "real numbers"),
        ({"lfp": None}, "'lfp'"),
        ({"fs": None}, "'fs'"),
        ({"fs": np.nan}, "fs is nan"),
        ({"fs": 0.0}, "above 0"),
        ({"fs": np.array([1.0, 2.0])}, "one number"),
        ({"fs": np.array("fast")}, "one number"),
        ({"gain_uv": 0.2}, "gain_uv is for an lfp of int16"),
        ({"gain_uv": 0.0, "lfp": LFP.astype(np.int16)}, "gain_uv must be one number of µV per bit"),
        ({"gain_uv": np.ones(3), "lfp": LFP.astype(np.int16)}, "one for each of the 4 channels"),
        ({"gain_uv": np.array("big"), "lfp": LFP.astype(np.int16)}, "gain_uv must hold numbers"),
        ({"region": np.array(["V1", "V4"])}, "for 4 channels it must be 4 names"),
        ({"region": np.ones(4)}, "region has shape .* and holds float64"),
        ({"positions_mm": POSITIONS[:3]}, r"must be \(4, 2\)"),
        ({"positions_mm": np.zeros((4, 3))}, r"must be \(4, 2\)"),
        ({"positions_mm": POSITIONS * np.array([1.0, np.nan])}, "not finite"),
        ({"positions_mm": POSITIONS[[0, 1, 2, 1]]}, "channels 1 and 3"),
        ({"positions_mm": POSITIONS[[0, 1, 2, 1]] + np.array([[0, 0]] * 3 + [[1e-8, 0]])}, "one place"),
    ],
)
def test_bad_npz_is_refused_in_one_sentence(tmp_path, change, words):
    with pytest.raises(SourceError, match=words) as caught:
        open_recording(save(tmp_path / "bad.npz", **change))
    assert "bad.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_objects_are_never_unpickled(tmp_path):
    with pytest.raises(SourceError):
        open_recording(save(tmp_path / "a.npz", fs=np.array([{"a": 1}], dtype=object)))
    with pytest.raises(SourceError, match="object"):
        open_recording(save(tmp_path / "b.npz", lfp=LFP.astype(object)))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("keep", [0, 10, 0.3, 0.9, -1])
def test_a_cut_off_npz_is_refused(tmp_path, compressed, keep):
    path = save(tmp_path / "cut.npz", compressed=compressed)
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(SourceError, match="cut off"):
        open_recording(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), junk=st.binary(min_size=1, max_size=40), compressed=st.booleans())
def test_any_damage_is_a_source_error_or_harmless(tmp_path, at, junk, compressed):
    path = save(tmp_path / "a.npz", compressed=compressed, lfp=LFP[:50])
    data = bytearray(path.read_bytes())
    start = int(at * (len(data) - len(junk)))
    data[start : start + len(junk)] = junk
    path.write_bytes(bytes(data))
    assert "\n" not in refusal(SourceError, lambda: whole(open_recording(path)))


@pytest.mark.parametrize("read", [whole, lambda recording: recording.rows(0, 5)])
def test_damage_inside_is_found_while_reading_and_leaves_no_file_open(tmp_path, read):
    path = save(tmp_path / "a.npz", compressed=True, lfp=np.asfortranarray(np.tile(LFP, (50, 1))))
    data = bytearray(path.read_bytes())
    recording = open_recording(path)
    data[len(data) // 2 : len(data) // 2 + 64] = b"\xff" * 64
    path.write_bytes(bytes(data))
    files = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(SourceError, match="damaged") as caught:
        read(recording)
    assert caught.tb is not None, "as long as somebody looks at the error, what it met lives"
    assert len(list(Path("/proc/self/fd").iterdir())) == files


@pytest.mark.parametrize("name", ["missing.npz", "missing.nwb", "no-such-example"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(SourceError, match=f"{name}.*ecog-strip"):
        open_recording(str(tmp_path / name))


def test_an_unknown_format_is_refused(tmp_path):
    (tmp_path / "a.nwb").write_bytes(b"no hdf5")
    (tmp_path / "a.weird").write_bytes(b"?")
    for name, word in (("a.nwb", "NWB"), ("a.weird", "neo")):
        with pytest.raises(SourceError, match=word):
            open_recording(tmp_path / name)


@pytest.mark.parametrize("compressed", [False, True])
def test_blocks_do_not_hold_the_recording(tmp_path, compressed):
    """A day at the rig does not fit into memory; reading it must not try."""
    path = save(tmp_path / "big.npz", compressed=compressed, lfp=np.tile(LFP, (500, 1)))  # 8 MB
    tracemalloc.start()
    try:
        for _, block in open_recording(path).blocks(1000):
            assert len(block) == 1000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000


def test_packaged_example():
    recording = open_recording("ecog-strip")
    assert (recording.fs_hz, recording.n_samples, recording.n_channels) == (1000.0, 19001, 6)
    samples = whole(recording, 4000)
    assert 20 < samples.std() < 80
    assert np.all(np.diff(recording.positions_mm[:, 0]) > 9)
    assert not recording.positions_mm[:, 1].any()
    assert recording.channel_names[0] == "ECOG_RIGHT_0"


def test_the_packaged_contact_over_motor_cortex():
    recording = open_recording("m1-beta")
    assert (recording.fs_hz, recording.n_samples, recording.n_channels) == (1000.0, 10000, 1)
    assert 50 < whole(recording, 4000).std() < 500


def nwb(path, *, unit="microns", data=None, n_series=1, conversion=1e-6, offset=0.0, rate=1000.0, timestamps=None):
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ecephys import ElectricalSeries

    file = NWBFile(session_description="test", identifier="test", session_start_time=datetime(2024, 1, 1, tzinfo=UTC))
    device = file.create_device("probe")
    group = file.create_electrode_group("shank", description="test", location="V1", device=device)
    for name in ("rel_x", "rel_y"):
        file.add_electrode_column(name, f"place on the probe, in {unit}")
    scale = {"microns": 1e3, "mm": 1.0}[unit]
    for x, y in POSITIONS:
        file.add_electrode(group=group, location="V1", rel_x=x * scale, rel_y=y * scale)
    region = file.create_electrode_table_region([0, 1, 2, 3], "all")
    for i in range(n_series):
        time = {"rate": rate} if timestamps is None else {"timestamps": timestamps}
        values = LFP if data is None else data
        series = ElectricalSeries(name=f"series{i}", data=values, electrodes=region, conversion=conversion, offset=offset, **time)
        file.add_acquisition(series)
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return path


def raw(recording, size=300):
    gain, blocks = as_stored(recording, size)
    parts = [block for _, block in blocks]
    assert all(b.dtype == np.int16 and b.flags.c_contiguous for b in parts)
    return gain, np.concatenate(parts)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<i2", ">i2"])
def test_bits_of_a_converter_stay_bits(tmp_path, compressed, order, dtype):
    bits, gain = np.asarray((LFP / 0.2).astype(dtype), order=order), np.linspace(0.1, 0.4, 4)
    recording = open_recording(save(tmp_path / "a.npz", compressed=compressed, lfp=bits, gain_uv=gain))
    found, samples = raw(recording)
    assert np.array_equal(samples, bits)
    assert np.array_equal(found, gain.astype(np.float32))
    assert np.array_equal(whole(recording), bits.astype(np.int16) * found)
    assert as_stored(open_recording(save(tmp_path / "b.npz", lfp=bits)), 10)[0] is None  # µV by the letter of the format


def test_bits_of_nwb_and_neo(tmp_path):
    counts = np.round(LFP / 0.195).astype(np.int16)
    recording = open_recording(nwb(tmp_path / "a.nwb", data=counts, conversion=0.195e-6))
    gain, samples = raw(recording)
    assert np.array_equal(samples, counts)
    assert np.array_equal(whole(recording), counts * gain)
    assert gain == pytest.approx([0.195] * 4)
    assert as_stored(open_recording(nwb(tmp_path / "b.nwb", data=counts, conversion=0.195e-6, offset=1e-6)), 10)[0] is None
    recording = open_recording(brainvision(tmp_path))
    gain, samples = raw(recording)
    assert np.array_equal(samples, (LFP / 0.1).astype(np.int16))
    assert gain == pytest.approx([0.1] * 4)


@pytest.mark.parametrize("unit", ["microns", "mm"])
def test_nwb_is_scaled_to_microvolts_and_millimetres(tmp_path, unit):
    counts = np.round(LFP / 0.195).astype(np.int16)
    recording = open_recording(nwb(tmp_path / "a.nwb", unit=unit, data=counts, conversion=0.195e-6, offset=1e-6, rate=1250.0))
    assert (recording.fs_hz, recording.n_samples, recording.n_channels) == (1250.0, 1000, 4)
    assert np.allclose(recording.positions_mm, POSITIONS)
    assert np.allclose(whole(recording), counts * 0.195 + 1.0, atol=1e-4)


def test_nwb_with_timestamps(tmp_path):
    stamps = 5.0 + np.arange(1000) / 500.0
    assert open_recording(nwb(tmp_path / "a.nwb", timestamps=stamps)).fs_hz == pytest.approx(500)
    stamps[500:] += 1.0
    with pytest.raises(SourceError, match="uneven"):
        open_recording(nwb(tmp_path / "b.nwb", timestamps=stamps))


def test_nwb_with_several_series_needs_a_name(tmp_path):
    path = nwb(tmp_path / "a.nwb", n_series=2)
    with pytest.raises(SourceError, match="series0, series1"):
        open_recording(path)
    assert open_recording(path, "series1").n_channels == 4


def test_nwb_in_the_wrong_unit_is_refused(tmp_path):
    with pytest.raises(SourceError, match="volts"):
        open_recording(nwb(tmp_path / "a.nwb", conversion=1e-12))
