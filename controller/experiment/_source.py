"""Where the samples come from: one model per kind of source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from wavestim.controller.experiment._base import ByKind, Name, NotNegative, Part, Port
from wavestim.controller.experiment._course import Stimulus


class _Source(Part):
    fixed_delay_ms: NotNegative | None = None
    """The constant delay of the acquisition system, from a loop-back; arrival times cannot reveal it. null: unmeasured."""
    fixed_delay_uncertainty_ms: NotNegative = 0.0
    """Uncertainty (plus or minus) of fixed_delay_ms."""
    loopback_channel: Annotated[int, Field(ge=0)] | None = None
    """Channel of the samples on which the light's gate is recorded; it has to be one of probe.bad_channels. null: none."""


class SimulatedSource(_Source):
    """Cortex in silico: a source and tissue that answers to light, and the only one that knows the truth."""

    kind: Literal["simulated"] = "simulated"
    """Which source."""
    state: Name | None = None
    """Brain state preset of the simulated cortex; null: its default."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """Seed of the cortex; null: the seed of the experiment."""
    snr_db: Annotated[float, Field(ge=-40, le=60)] | None = None
    """Wave against noise in the band, in dB; null: as the preset has it."""
    delay: Literal["none", "lsl", "rhx"] | NotNegative = "none"
    """How late samples arrive: none, like lsl, like rhx (bursts of 25 to 41 ms), or a constant in ms."""
    fs_hz: Annotated[float, Field(ge=100, le=5000)] = 1000.0
    """Samples a second."""
    cortex: dict[str, str | float | tuple[float, ...] | dict[str, float | tuple[int, ...]]] = Field(default_factory=dict)
    """Anything else of the simulated cortex, by its own keys, such as {direction_deg: 30, speed_mm_s: 200, tokens: {n_tokens: 4}}."""
    stimulus: Annotated[tuple[Stimulus, ...], Field(max_length=64)] = ()
    """Markers and TTL lines that it sends, to rehearse a gate with."""


class FileSource(_Source):
    """A recording played as if it were live; light does not act back on it."""

    kind: Literal["file"] = "file"
    """Which source."""
    path: str
    """A session folder, NWB, .npz or anything neo reads, relative to the experiment file; or a packaged one: ecog-strip, m1-beta."""


class _LiveSource(_Source):
    lsl_out: Name | None = None
    """Decisions and pulses go out as the LSL streams NAME-decisions and NAME-pulses; null: they do not."""


class _LinedSource(_LiveSource):
    loopback_line: Annotated[int, Field(ge=1, le=16)] | None = None
    """Digital input (from 1) on which the light's gate is recorded; null: none."""


class LslSource(_LiveSource):
    """A Lab Streaming Layer stream, found by name or by type."""

    kind: Literal["lsl"] = "lsl"
    """Which source."""
    name: str | None = None
    """Name of the stream."""
    type: str | None = None
    """Type of the stream, such as EEG; beside a name, both have to fit."""
    markers: str | None = None
    """Name of a marker stream: its markers are journalled and become input events of the session."""
    lsl_out: Name | None = "wavestim"
    """Decisions and pulses go out as the LSL streams NAME-decisions and NAME-pulses; null: they do not."""

    @model_validator(mode="after")
    def _findable(self) -> LslSource:
        if self.name is None and self.type is None:
            raise ValueError("a stream is found by 'name' or by 'type'; give one of the two")
        return self


class RhxSource(_LinedSource):
    """Intan RHX over its two TCP ports."""

    kind: Literal["rhx"] = "rhx"
    """Which source."""
    host: str = "127.0.0.1"
    """Computer that runs RHX."""
    command_port: Port = 5000
    """TCP port of its commands."""
    data_port: Port = 5001
    """TCP port of its waveform data."""
    channels: str = "A-000:A-063"
    """First and last native channel name."""
    band: Literal["wide", "low"] = "wide"
    """Which of its filter bands to take."""


class OpenEphysSource(_LinedSource):
    """Open Ephys GUI through its Falcon Output or ZMQ Interface plugin."""

    kind: Literal["openephys"] = "openephys"
    """Which source."""
    host: str = "127.0.0.1"
    """Computer that runs the GUI."""
    via: Literal["falcon", "zmq"] = "falcon"
    """Which plugin sends."""
    port: Port | None = None
    """TCP port of the plugin; null: its own default, 3335 for falcon and 5556 for zmq."""
    stream: str | None = None
    """Name of the stream; null: the first one."""
    http_port: Port = 37497
    """TCP port of the GUI itself, which is asked for its mode and exact rates, if it answers."""
    events_port: Port | None = None
    """TCP port of a Network Events plugin that takes pulses into the GUI's recording, for the record; null: none."""
    events_line: Annotated[int, Field(ge=1, le=256)] = 1
    """TTL line that is switched on for a pulse of light there."""


Source = Annotated[
    SimulatedSource | FileSource | LslSource | RhxSource | OpenEphysSource,
    Field(discriminator="kind"),
    ByKind,
]

__all__ = ["FileSource", "LslSource", "OpenEphysSource", "RhxSource", "SimulatedSource", "Source"]
