"""Small recordings of `LFP` as other programs write them, made from the descriptions of their formats."""

import json
import struct

import numpy as np
from pyedflib import highlevel
from support.recordings import LFP

NAMES = [f"E{i}" for i in range(4)]


def brainvision(folder, *, unit="µV"):
    (folder / "a.eeg").write_bytes((LFP / 0.1).astype("<i2").tobytes())
    channels = "".join(f"Ch{i + 1}=E{i},,0.1,{unit}\n" for i in range(4))
    header = (
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nCodepage=UTF-8\nDataFile=a.eeg\nMarkerFile=a.vmrk\n"
        "DataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels=4\nSamplingInterval=1000\n"
        "[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\n" + channels
    )
    (folder / "a.vhdr").write_text(header, encoding="utf-8")
    (folder / "a.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\nCodepage=UTF-8\nDataFile=a.eeg\n"
        "[Marker Infos]\nMk1=New Segment,,1,1,0\n",
        encoding="utf-8",
    )
    return folder / "a.vhdr"


def open_ephys_binary(folder):
    recording = folder / "Record Node 101" / "experiment1" / "recording1"
    data = recording / "continuous" / "Rhythm-100.Data"
    data.mkdir(parents=True)
    (data / "continuous.dat").write_bytes((LFP / 0.195).round().astype("<i2").tobytes())
    np.save(data / "sample_numbers.npy", np.arange(len(LFP)))
    np.save(data / "timestamps.npy", np.arange(len(LFP)) / 1000)
    stream = {
        "folder_name": "Rhythm-100.Data/",
        "sample_rate": 1000.0,
        "source_processor_name": "Rhythm",
        "source_processor_id": 100,
        "stream_name": "Data",
        "num_channels": 4,
        "channels": [{"channel_name": f"CH{i + 1}", "bit_volts": 0.195, "units": "uV"} for i in range(4)],
    }
    told = {"GUI version": "0.6.4", "continuous": [stream], "events": [], "spikes": []}
    (recording / "structure.oebin").write_text(json.dumps(told), encoding="utf-8")
    (folder / "Record Node 101" / "settings.xml").write_text("<SETTINGS/>", encoding="utf-8")
    return recording / "structure.oebin"


def spikeglx(folder, band):
    bit_uv = {"lf": 0.6 / 512 / 250 * 1e6, "ap": 0.6 / 512 / 500 * 1e6}[band]
    counts = np.column_stack([(LFP / bit_uv).round(), np.zeros(len(LFP))]).astype("<i2")
    path = folder / f"run_g0_t0.imec0.{band}.bin"
    path.write_bytes(counts.tobytes())
    first = {"ap": 0, "lf": 384}[band]
    saved = "4,0,1" if band == "ap" else "0,4,1"
    names = "".join(f"({band.upper()}{i};{first + i}:{i})" for i in range(4))
    told = {
        "typeThis": "imec", "imSampRate": 1000, "nSavedChans": 5, "snsApLfSy": saved, "snsSaveChanSubset": f"{first}:{first + 3},768",
        "fileSizeBytes": counts.nbytes, "fileTimeSecs": 1, "imAiRangeMax": 0.6, "imAiRangeMin": -0.6, "imMaxInt": 512, "imDatPrb_type": 0,
        "imDatPrb_pn": "NP1010", "firstSample": 0, "appVersion": 20190327, "fileName": path.name,
        "~imroTbl": "(0,384)" + "".join(f"({i} 0 0 500 250 1)" for i in range(384)),
        "~snsChanMap": f"(4,4,1){names}(SY0;768:4)",
    }  # fmt: skip
    path.with_suffix(".meta").write_text("".join(f"{key}={value}\n" for key, value in told.items()), encoding="utf-8")
    return path


def edf(folder):
    """European data format: int16 between given extremes, a second a record."""
    path = folder / "a.edf"
    told = [
        highlevel.make_signal_header(
            name, "uV", sample_frequency=1000, physical_min=-3276.8, physical_max=3276.7, digital_min=-32768, digital_max=32767
        )
        for name in NAMES
    ]
    highlevel.write_edf(str(path), np.ascontiguousarray(LFP.T, dtype=np.float64), told)
    return path


def blackrock(folder):
    """NSx, specification 2.2: basic header, one extended header a channel, one packet of data."""
    filters = struct.pack("<IIHIIH", 0, 0, 0, 0, 0, 0)
    names = [
        b"CC" + struct.pack("<H16sBBhhhh16s", i + 1, name.encode(), 1, i, -32764, 32764, -8191, 8191, b"uV") + filters
        for i, name in enumerate(NAMES)
    ]
    size = 314 + sum(map(len, names))
    basic = b"NEURALCD" + struct.pack("<BBI16s256sII8HI", 2, 2, size, b"1 kS/s", b"", 30, 30000, 2026, 1, 4, 1, 0, 0, 0, 0, 4)
    counts = (LFP / (8191 / 32764)).round().astype("<i2")
    path = folder / "a.ns2"
    path.write_bytes(basic + b"".join(names) + struct.pack("<BII", 1, 0, len(counts)) + counts.tobytes())
    return path


def words(text):
    return struct.pack("<I", 2 * len(text)) + text.encode("utf-16-le")


def intan_rhd(folder):
    """The classic file of Intan, version 2.0: header, then blocks of 128 samples; the last of them are left out."""
    head = struct.pack("<Ihhfh6fhff", 0xC6912702, 2, 0, 1000.0, 0, 0, 0, 0, 0, 0, 0, 0, 1000.0, 1000.0)
    head += words("") * 3 + struct.pack("<hh", 0, 0) + words("")
    head += struct.pack("<h", 1) + words("Port A") + words("A") + struct.pack("<hhh", 1, 4, 4)
    for i, name in enumerate(NAMES):
        head += words(f"A-{i:03d}") + words(name) + struct.pack("<10hff", i, i, 0, 1, i, 0, 0, 0, 0, 0, 0, 0)
    blocks = ((LFP / 0.195).round().astype(np.int64) + 32768)[: len(LFP) // 128 * 128].reshape(-1, 128, 4)
    times = np.arange(len(LFP), dtype="<i4")
    body = [times[128 * n : 128 * n + 128].tobytes() + block.T.astype("<u2").tobytes() for n, block in enumerate(blocks)]
    path = folder / "a.rhd"
    path.write_bytes(head + b"".join(body))
    return path
