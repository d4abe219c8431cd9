"""Where the electrodes are, and what is done to their signals first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from wavestim.controller.experiment._base import ByKind, Index, NotNegative, Part, Positive


class _Probe(Part):
    channel_map: tuple[Index | None, ...] | None = None
    """The channel of each electrode, in electrode order; null in the list: not connected. null: channel i is electrode i."""
    bad_channels: tuple[Index, ...] = ()
    """Channels to leave out of every computation; they are still recorded."""

    @model_validator(mode="after")
    def _one_to_one(self) -> _Probe:
        channels = [c for c in self.channel_map or () if c is not None]
        if sorted(channels) != list(range(len(channels))):
            raise ValueError("channel_map must name every channel from 0 upwards exactly once (null for an unconnected electrode)")
        return self


class GridProbe(_Probe):
    """A regular grid: channel i = row * columns + column; x grows with the column, y with the row, origin at the centroid."""

    kind: Literal["grid"] = "grid"
    """Which way positions are given."""
    rows: Annotated[int, Field(ge=1, le=256)]
    """Rows, along y; row 0 is at the bottom."""
    columns: Annotated[int, Field(ge=1, le=256)]
    """Columns, along x."""
    pitch_mm: Annotated[float, Field(gt=0, le=20)]
    """Distance between neighbours in mm."""

    @model_validator(mode="after")
    def _map_fits(self) -> GridProbe:
        n = self.rows * self.columns
        if self.channel_map is not None and len(self.channel_map) != n:
            raise ValueError(f"channel_map has {len(self.channel_map)} entries, but {self.rows} x {self.columns} are {n} electrodes")
        return self


class FileProbe(_Probe):
    """A probeinterface JSON file; of several probes in it, one is followed: that of the trigger site."""

    kind: Literal["file"] = "file"
    """Which way positions are given."""
    path: str
    """The probeinterface file, relative to the experiment file."""


class RecordingProbe(_Probe):
    """The positions stored in the recording itself."""

    kind: Literal["recording"] = "recording"
    """Which way positions are given."""


Probe = Annotated[GridProbe | FileProbe | RecordingProbe, Field(discriminator="kind"), ByKind]


class Conditioning(Part):
    """What is done to the samples before the wave model sees them; all of it causal."""

    reference: Literal["none", "average", "median", "channel"] = "none"
    """Re-referencing; on small arrays average and median remove long waves."""
    reference_channel: Index = 0
    """The reference when reference is channel."""
    notch_hz: Positive | None = None
    """Mains frequency to remove, such as 50 or 60; null: none."""
    mask_ms: Literal["auto"] | NotNegative = "auto"
    """How long samples are distrusted after light ends; auto: from the pattern and the decay of the artefact."""
