"""A session as NWB: electrodes with their places, samples, decisions, pulses, conditions, light; readable by every NWB tool."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.dose import entries_of, slots_of
from wavestim.controller.record.trials import course_of
from wavestim.realtime.records import MANUAL

if TYPE_CHECKING:
    from wavestim.controller.record.session import Session

CHUNK = 8192
BUFFER_BYTES = 16_000_000
SPARE_BYTES, ROW_BYTES = 1_500_000, 1_000
"""What the file needs besides samples, and for a decision or a pulse, at most."""
LIT = ("fired", "cut")
DESCRIPTIONS = {
    "sample": "sample of the source at which it was decided",
    "fire_sample": "light-on at the site that was meant, in samples",
    "start_sample": "start of the pattern, in samples",
    "site": "electrode at which the phase counts",
    "target_deg": "wanted phase at light-on, degrees, 0 is the positive peak",
    "predicted_sd_deg": "circular SD that the model expected of its forecast, degrees",
    "direction_deg": "direction in which the wave travelled, degrees counter-clockwise from +x",
    "speed_mm_s": "speed of the wave, mm/s",
    "wavelength_mm": "wavelength, mm",
    "pgd": "phase gradient directionality, 0 to 1",
    "frequency_hz": "frequency of the wave, Hz",
    "amplitude_uv": "amplitude of the plane wave, uV",
    "wave_kind": "kind of wave",
    "condition": f"condition that was drawn; {MANUAL}: a person asked for it, outside of the experiment",
    "pattern": "light pattern that was chosen",
    "slot": "slot of the pattern in the light driver",
    "dark": "sham or catch trial: timed like light and dark",
    "verdict": "scheduled, or why light was withheld; of a pulse: what became of it",
    "reason": "why, when it did not come out",
    "onset_device_us": "first light in the time of the light driver, us",
    "phase_error_deg": "phase of the wave at light-on minus the wanted one, degrees; NaN where not known",
    "truth": "where the phase is known from",
}


def write_nwb(session: Session, path: Path) -> None:
    """Write ``session.nwb``; a replay holds its decisions and pulses and refers to its recording for the samples."""
    from pynwb import NWBHDF5IO, NWBFile

    about = session.about
    name = str(session.experiment.get("name", "session"))
    started = datetime.fromisoformat(str(about.get("started_utc") or datetime.now(UTC).isoformat()))
    reference = about.get("recording")
    nwb = NWBFile(
        session_description=f"wavestim experiment {name}" + (f", replayed over {reference['path']}" if reference else ""),
        identifier=hashlib.sha256(f"{name} {started.isoformat()} {about}".encode()).hexdigest(),
        session_start_time=started,
        experiment_description="Closed-loop light at a chosen phase of a cortical travelling wave",
        session_id=path.parent.name,
        source_script="wavestim",
        source_script_file_name="wavestim",
        keywords=["closed loop", "optogenetics", "travelling wave"],
    )
    _subject(nwb, session)
    region = _electrodes(nwb, session)
    if reference is None and session.samples.shape[0]:
        _samples(nwb, session, region)
    _decisions(nwb, session)
    _pulses(nwb, session)
    _light(nwb, session)
    draft = path.with_suffix(".part.nwb")
    try:
        _reserve(draft, session)
        with NWBHDF5IO(str(draft), "w") as io:
            io.write(nwb)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _reserve(draft: Path, session: Session) -> None:
    """Fail now if the disk has no room: HDF5 does not survive a disk that fills up under it."""
    need = SPARE_BYTES + ROW_BYTES * (len(session.decisions) + len(session.pulses))
    if session.about.get("recording") is None:
        rows, columns = _chunk(*session.samples.shape)
        n, channels = session.samples.shape
        need += 4 * -(-channels // columns) * columns * (n + rows * (1 + len(session.samples.gaps)))
    with draft.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, need)


def _chunk(n: int, channels: int) -> tuple[int, int]:
    """Rows and columns of a chunk: at most 64 channels, as even as can be, so that little is left empty."""
    return max(1, min(CHUNK, n)), max(1, -(-channels // -(-max(1, channels) // 64)))


def _subject(nwb: Any, session: Session) -> None:
    from pynwb.file import Subject

    given = session.experiment.get("subject")
    simulated = session.experiment.get("source", {}).get("kind") == "simulated"
    if given is None and not simulated:
        return
    in_silico = {"id": "in-silico", "species": "Mus musculus", "age": "P90D", "description": "cortex in silico, no animal"}
    subject = {**(in_silico if simulated else {}), **{k: v for k, v in (given or {}).items() if v is not None}}
    nwb.subject = Subject(
        subject_id=str(subject["id"]),
        species=subject.get("species"),
        sex=subject.get("sex", "U"),
        age=subject.get("age"),
        genotype=subject.get("genotype"),
        description=subject.get("description"),
    )


def _electrodes(nwb: Any, session: Session) -> Any:
    device = nwb.create_device(name="electrodes", description=f"source: {session.experiment.get('source', {}).get('kind', 'unknown')}")
    group = nwb.create_electrode_group(name="probe", description="electrodes of the session", location="cortex", device=device)
    nwb.add_electrode_column(name="rel_x", description="x on the probe, mm")
    nwb.add_electrode_column(name="rel_y", description="y on the probe, mm")
    nwb.add_electrode_column(name="channel_name", description="name of the channel")
    nwb.add_electrode_column(name="bad", description="left out by the experiment")
    location = "Isocortex" if nwb.subject is not None and nwb.subject.species == "Mus musculus" else "cortex"  # the Allen atlas' name
    bad = set(session.experiment.get("probe", {}).get("bad_channels", ()))
    labels = (session.about.get("region") or {}).get("labels")
    if labels:
        nwb.add_electrode_column(name="region", description="array or area that the electrode belongs to; empty: none")
    for i, (x, y) in enumerate(session.positions_mm):
        nwb.add_electrode(
            group=group, location=location, rel_x=float(x), rel_y=float(y), channel_name=f"ch{i}", bad=i in bad, enforce_unique_id=False,
            **({"region": labels[i]} if labels else {}),
        )  # fmt: skip
    return nwb.create_electrode_table_region(region=list(range(len(session.positions_mm))), description="all electrodes")


def _samples(nwb: Any, session: Session, region: Any) -> None:
    """One series for each stretch without a gap; read block by block while it is written."""
    from hdmf.backends.hdf5 import H5DataIO
    from pynwb.ecephys import ElectricalSeries

    samples = session.samples
    edges = [samples.first_sample]
    for start, missing in samples.gaps:
        edges += [start, start + missing]
    edges.append(samples.first_sample + samples.shape[0] + sum(n for _, n in samples.gaps))
    row = 0
    for part, (first, stop) in enumerate(zip(edges[::2], edges[1::2], strict=True)):
        n = stop - first
        nwb.add_acquisition(
            ElectricalSeries(
                name="lfp" if len(edges) == 2 else f"lfp_{part:03d}",
                description="potentials as they came from the source",
                data=H5DataIO(_chunks(samples, row, n), chunks=_chunk(n, samples.shape[1])),
                electrodes=region,
                rate=session.fs_hz,
                starting_time=(first - samples.first_sample) / session.fs_hz,
                conversion=1e-6,
            )
        )
        row += n


def _chunks(samples: Any, row: int, n: int) -> Any:
    from hdmf.data_utils import GenericDataChunkIterator

    class Chunks(GenericDataChunkIterator):
        """Slices of the session's samples, without holding them all."""

        def _get_data(self, selection: tuple[slice, ...]) -> NDArray[np.float32]:
            rows, columns = selection
            return np.asarray(samples[row + rows.start : row + rows.stop][:, columns])

        def _get_maxshape(self) -> tuple[int, int]:
            return n, samples.shape[1]

        def _get_dtype(self) -> np.dtype[np.float32]:
            return np.dtype(np.float32)

    shape = _chunk(n, samples.shape[1])
    rows = max(1, BUFFER_BYTES // (4 * samples.shape[1] * shape[0])) * shape[0]
    return Chunks(buffer_shape=(min(rows, n), samples.shape[1]), chunk_shape=shape)


def _decisions(nwb: Any, session: Session) -> None:
    from hdmf.common import DynamicTable

    decisions = session.decisions
    if not len(decisions):
        return
    columns = _columns({f: (DESCRIPTIONS.get(f, f), decisions[f]) for f in decisions.dtype.names or ()})
    table = DynamicTable(name="decisions", description="every decision of the engine, scheduled or vetoed", columns=columns)
    nwb.create_processing_module(name="wavestim", description="what the closed loop decided").add(table)


def _pulses(nwb: Any, session: Session) -> None:
    """Pulses as intervals: from the start of the pattern to its last light; dark ones as long as their light would have been."""
    from pynwb.epoch import TimeIntervals

    pulses, decisions = session.pulses, session.decisions
    if not len(pulses):
        return
    mine, course = decisions[pulses["decision"]], course_of(session)
    start = (mine["start_sample"] - session.first_sample) / session.fs_hz
    lit_s = (pulses["offset_device_us"] - pulses["onset_device_us"]) / 1e6
    stop = start + np.where(np.isfinite(lit_s) & (lit_s > 0), lit_s, 0.0)
    columns = {
        "start_time": ("first light, s", start),
        "stop_time": ("last light, s", stop),
        "condition": (DESCRIPTIONS["condition"], mine["condition"]),
        "pattern": (DESCRIPTIONS["pattern"], mine["pattern"]),
        "outcome": ("what became of it: fired, dark, cut, missed, refused, lost", pulses["verdict"]),
        "decision": ("row of the decision", pulses["decision"]),
        **{f: (DESCRIPTIONS[f], pulses[f]) for f in ("reason", "dark", "onset_device_us", "phase_error_deg", "truth")},
        "direction_deg": (DESCRIPTIONS["direction_deg"], mine["direction_deg"]),
        "trial": ("trial that it belongs to, from 0; -1: none", course.trial[pulses["decision"]]),
        "block": ("block that it belongs to, from 0; -1: there are none", course.block[pulses["decision"]]),
        "catch": ("a lit condition, left dark", course.catch[pulses["decision"]]),
    }
    nwb.add_time_intervals(TimeIntervals(name="pulses", description="light and sham pulses", columns=_columns(columns)))


def _light(nwb: Any, session: Session) -> None:
    """Power of all LEDs of a colour together, as a step function; of a second colour beside it."""
    slots = slots_of(session.about)
    leds, n_leds = session.experiment.get("leds", {}), len(session.about.get("leds_mm", ()))
    pulses, decisions = session.pulses, session.decisions
    shone = decisions[pulses["decision"][np.isin(pulses["verdict"], LIT) & ~pulses["dark"]]] if len(pulses) else decisions[:0]
    if session.about.get("recording") is not None or not len(shone):
        return
    area_mm2 = np.pi * (float(leds.get("spot_mm", 0.2)) / 2) ** 2
    second = leds.get("inhibition")
    colours = [("", session.experiment.get("opsin", "unknown"), leds)]
    if second is not None:
        colours.append(("_inhibition", second.get("opsin", "unknown"), second))
    steps: list[list[tuple[float, float]]] = [[] for _ in colours]
    for d in shone:
        begin = (float(d["start_sample"]) - session.first_sample) / session.fs_hz
        spans = entries_of(slots, int(d["slot"]))
        delays = [float(entry[1]) / 1e6 for entry in slots[int(d["slot"])]["entries"]]
        for (led, width, irradiance), delay in zip(spans, delays, strict=True):
            power_w = irradiance * area_mm2 * 1e-3
            steps[led * len(colours) // n_leds] += [(begin + delay, power_w), (begin + delay + width, -power_w)]
    device = nwb.create_device(name="light", description=str(session.about.get("light", {}).get("board", "light driver")))
    for (ending, opsin, of_colour), changes in zip(colours, steps, strict=True):
        if changes:
            what = f"{n_leds // len(colours)} LEDs over the probe, opsin {opsin}"
            _light_power(nwb, device, ending, what, float(of_colour.get("wavelength_nm", 470.0)), changes)


def _light_power(nwb: Any, device: Any, ending: str, what: str, wavelength_nm: float, changes: list[tuple[float, float]]) -> None:
    """LEDs of one colour, and their power (W) from its changes at times (s)."""
    from pynwb.ogen import OptogeneticSeries, OptogeneticStimulusSite

    times, steps = np.asarray(changes).T
    order = np.argsort(times, kind="stable")
    at, power = times[order], np.cumsum(steps[order])
    last = np.append(np.diff(at) > 1e-9, True)
    site = OptogeneticStimulusSite(
        name=f"leds{ending}", device=device, description=what, excitation_lambda=wavelength_nm, location="cortex"
    )
    nwb.add_ogen_site(site)
    series = OptogeneticSeries(
        name=f"light_power{ending}",
        description="power of all these LEDs together; holds until the next time stamp",
        data=np.maximum(power[last], 0.0).round(12),
        timestamps=at[last],
        site=site,
    )
    nwb.add_stimulus(series)


def _columns(columns: dict[str, tuple[str, NDArray[Any]]]) -> list[Any]:
    """Columns of a table by name, each with its words; text as a list, everything else as an array."""
    from hdmf.common import VectorData

    return [
        VectorData(name=name, description=words, data=v.astype(str).tolist() if v.dtype.kind == "U" else np.ascontiguousarray(v))
        for name, (words, v) in columns.items()
    ]
