"""Recordings that other programs have written open by neo: in uV, chunk by chunk, and damaged ones are refused."""

import gc

import numpy as np
import pytest
from support.foreign import blackrock, brainvision, edf, intan_rhd, open_ephys_binary, spikeglx
from support.recordings import LFP, anywhere, whole
from wavestim.hardware.sources import Recording, SourceError, open_recording


def test_neo_reads_other_formats_in_chunks(tmp_path):
    recording = open_recording(brainvision(tmp_path))
    assert isinstance(recording, Recording)
    assert (recording.fs_hz, recording.n_samples, recording.n_channels) == (1000.0, 1000, 4)
    assert recording.positions_mm is None
    assert np.allclose(whole(recording), LFP, atol=0.11)


def test_open_ephys_binary_is_read_by_its_folder_and_by_its_oebin(tmp_path):
    oebin = open_ephys_binary(tmp_path)
    for path in (tmp_path, tmp_path / "Record Node 101", oebin):
        recording = open_recording(path)
        assert recording.channel_names == ("CH1", "CH2", "CH3", "CH4")
        assert np.allclose(whole(recording), LFP, atol=0.1)


def test_a_file_of_spikeglx_is_its_own_band_and_its_folder_holds_both(tmp_path):
    low, action = spikeglx(tmp_path, "lf"), spikeglx(tmp_path, "ap")
    assert open_recording(low).channel_names[0] == open_recording(low.with_suffix(".meta")).channel_names[0] == "LF0"
    assert open_recording(tmp_path, "imec0.lf").channel_names[0] == "LF0"
    assert open_recording(action).channel_names[0] == "AP0"
    assert np.allclose(whole(open_recording(low)), LFP, atol=2.4)
    assert np.allclose(whole(open_recording(action)), LFP, atol=1.2)


def test_neo_file_with_a_broken_header_is_refused(tmp_path):
    path = brainvision(tmp_path)
    path.write_text("nothing of the kind", encoding="utf-8")
    with pytest.raises(SourceError, match=r"a\.vhdr"):
        open_recording(path)


@pytest.mark.parametrize(("write", "step_uv"), [(edf, 0.16), (blackrock, 0.25), (intan_rhd, 0.195)])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # neo leaves the header of an NSx open
def test_what_amplifiers_and_clinics_write(tmp_path, write, step_uv):
    """Within a step; of EDF a step and the half by which neo has it low."""
    recording = open_recording(write(tmp_path))
    assert (recording.fs_hz, recording.n_channels) == (1000.0, 4)
    assert recording.n_samples >= 896
    assert np.allclose(whole(recording), LFP[: recording.n_samples], atol=step_uv)
    assert anywhere(recording)
    del recording
    gc.collect()


@pytest.mark.parametrize("write", [edf, blackrock, intan_rhd])
def test_what_is_cut_in_its_header_is_refused(tmp_path, write):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SourceError, match=path.name):
        open_recording(path)
