"""The course of an experiment: the order of its trials, when light may come at all, and when the session ends by itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from wavestim.controller.experiment._base import NotNegative, Part, Positive

Word = Annotated[str, Field(min_length=1, max_length=200)]
"""A marker as another program sends it."""
Line = Annotated[int, Field(ge=1, le=64)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Schedule(Part):
    """The order of trials: blocks, catch trials, washout. By default every pulse is a trial, and there are no blocks."""

    trials_per_block: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Trials in a block; null: no blocks."""
    blocks: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """After so many blocks the session ends by itself; null: when something else ends it."""
    order: Literal["mixed", "blocked"] = "mixed"
    """mixed: every block holds each condition equally often; blocked: a block has one condition, and they take turns at random."""
    catch_fraction: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Part of the trials of every lit condition that stay dark, decided, timed and masked exactly like light."""
    washout_s: Annotated[float, Field(ge=0, le=86400)] = 0.0
    """No light for so long after each block."""
    trial: Literal["pulse", "opening"] = "pulse"
    """pulse: every pulse is a trial; opening: all pulses of one opening of the gate are, and share their condition."""

    @model_validator(mode="after")
    def _blocks_have_a_length(self) -> Schedule:
        for key in ("blocks", "washout_s"):
            if getattr(self, key) and self.trials_per_block is None:
                raise ValueError(f"{key} needs trials_per_block, how many trials a block has")
        if self.order == "blocked" and self.trials_per_block is None:
            raise ValueError("order: blocked needs trials_per_block, how many trials a block has")
        return self


class Gate(Part):
    """Light only while something else goes on, such as a stimulus: between two markers, or while a TTL line of the source is up."""

    marker: Word | None = None
    """The marker that opens the gate."""
    until: Word | None = None
    """The marker that shuts it."""
    ttl: Line | None = None
    """Instead of markers: the TTL line of the source that opens it; 1 is the lowest bit of its digital word."""
    level: Literal["high", "low"] = "high"
    """The level of that line at which the gate is open."""
    for_s: Annotated[float, Field(gt=0, le=86400)] | None = None
    """It shuts so long after it opened, whatever else comes; null: when the marker of until comes, or the line changes back."""
    after_s: Annotated[float, Field(ge=0, le=86400)] = 0.0
    """It opens so long after its marker or edge."""
    max_pulses: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Pulses in one opening, at most; null: any number."""

    @model_validator(mode="after")
    def _opens_and_shuts(self) -> Gate:
        if (self.marker is None) == (self.ttl is None):
            raise ValueError("a gate is opened by a 'marker' or by a line, 'ttl'; give one of the two")
        if self.ttl is not None and self.until is not None:
            raise ValueError("'until' is a marker, and a gate with 'ttl' shuts with its line; leave it out, or use for_s")
        if self.marker is not None and (self.until is None) == (self.for_s is None):
            raise ValueError("'until' (a marker) or 'for_s' (a time) says when the gate shuts; give one of the two")
        if self.marker is not None and self.marker == self.until:
            raise ValueError(f"'{self.marker}' cannot open and shut the gate; marker and until have to differ")
        return self


class Stop(Part):
    """When the session ends by itself, whatever comes first; the last second stays dark. By default only its length ends it."""

    after_s: Annotated[float, Field(gt=0, le=604_800)] | None = None
    """After so many seconds of samples, warm-up included; --seconds ends it, too."""
    after_pulses: Annotated[int, Field(ge=1)] | None = None
    """Once so many pulses have come out, shams and catch trials counted."""
    after_pulses_per_condition: Annotated[int, Field(ge=1)] | None = None
    """Once every condition has come out so often, catch trials not counted."""
    max_missed_fraction: Fraction | None = None
    """When more than this part of all pulses came too late or was refused, from the 20th pulse on."""
    max_dropped_fraction: Fraction | None = None
    """When more than this part of the samples is missing, from the 10th second on."""


class Stimulus(Part):
    """A marker or a TTL line that the simulated source sends, to rehearse a gate with."""

    marker: Word | None = None
    """Marker at its beginning."""
    until: Word | None = None
    """Marker at its end; null: none."""
    ttl: Line | None = None
    """Instead of markers: the line that is up meanwhile."""
    at_s: NotNegative = 4.0
    """When it begins, from the first sample."""
    for_s: Positive = 2.0
    """How long it lasts."""
    every_s: Positive | None = None
    """From one beginning to the next; null: it comes once."""

    @model_validator(mode="after")
    def _one_kind(self) -> Stimulus:
        if (self.marker is None) == (self.ttl is None):
            raise ValueError("a stimulus is a 'marker' or a line, 'ttl'; give one of the two")
        if self.every_s is not None and self.every_s <= self.for_s:
            raise ValueError(f"it lasts {self.for_s:g} s and comes every {self.every_s:g} s; raise every_s above for_s")
        return self
