"""The experiment file as a frozen model: what may stand in it, the defaults, and what each key means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator
from wavestim.controller.experiment._base import Name, Part, Positive
from wavestim.controller.experiment._course import Gate, Schedule, Stimulus, Stop
from wavestim.controller.experiment._light import Leds, Light, Safety, SimulatedLight, WavelightLight, stood_in
from wavestim.controller.experiment._pattern import Condition, Dark
from wavestim.controller.experiment._probe import Conditioning, GridProbe, Probe
from wavestim.controller.experiment._sequence import IidSequence, Sequence, ToldSequence
from wavestim.controller.experiment._source import SimulatedSource, Source
from wavestim.controller.experiment._trigger import Trigger

REARM_SIMULATED = 3
"""How often a session under simulated light resumes by itself unless the file says otherwise."""

DISARM_REAL_S = 300.0
"""Real light that is armed and idle stays so for so long unless the file says otherwise."""


class Subject(Part):
    """Who is recorded; goes into the NWB file."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    """Subject identifier."""
    species: str | None = None
    """Latin binomial, such as Mus musculus."""
    sex: Literal["M", "F", "U", "O"] | None = None
    """M, F, U (unknown) or O (other)."""
    age: str | None = None
    """ISO 8601 duration, such as P90D."""
    genotype: str | None = None
    """Genotype or strain."""
    description: str | None = None
    """Anything else."""


class Experiment(Part):
    """One experiment: what is recorded, when light is due, what it does, and within which limits."""

    name: Name
    """Name of the experiment."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """Seed of everything that is drawn: schedule, shuffles, simulated cortex."""
    subject: Subject | None = None
    """Who is recorded; optional."""
    source: Source = SimulatedSource()
    """Where samples come from."""
    sequence: Sequence | None = None
    """The tokens that are shown, for the context assay; null: none."""
    probe: Probe = GridProbe(rows=10, columns=10, pitch_mm=0.4)
    """Where the electrodes are."""
    conditioning: Conditioning = Conditioning()
    """What is done to samples first."""
    band_hz: tuple[Positive, Positive] = (8.0, 24.0)
    """Lowest and highest frequency of the wave."""
    calibration: str | None = None
    """A file that wavestim calibrate wrote, relative to the experiment file: the model starts with it. null: the first 2.5 s teach."""
    trigger: Trigger = Trigger()
    """When light is due."""
    light: Light = SimulatedLight()
    """Which light driver."""
    leds: Leds = Leds()
    """Where the LEDs are."""
    opsin: Name = "chr2"
    """Opsin, by the name of its data file."""
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=64)]
    """The arms of the experiment, drawn in balanced random blocks."""
    schedule: Schedule = Schedule()
    """The order of trials: blocks, catch trials, washout."""
    gate: Gate | None = None
    """Light only while something else goes on; null: always."""
    stop: Stop = Stop()
    """When the session ends by itself."""
    safety: Safety = Safety()
    """Limits per site."""
    provenance: dict[str, Any] | None = None
    """Versions and hash, written into a session's copy of the file; not read."""

    @field_validator("band_hz")
    @classmethod
    def _band_rises(cls, band: tuple[float, float]) -> tuple[float, float]:
        if not band[0] < band[1]:
            raise ValueError(f"the band must rise, [lowest, highest], not [{band[0]:g}, {band[1]:g}]")
        return band

    @field_validator("conditions")
    @classmethod
    def _names_differ(cls, conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        names = [c.name for c in conditions]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"every condition needs a name of its own, '{twice[0]}' is used twice")
        return conditions

    @model_validator(mode="after")
    def _course_fits(self) -> Experiment:
        check_course(self)
        return self

    @model_validator(mode="after")
    def _second_colour_is_there(self) -> Experiment:
        for c in self.conditions:
            if not isinstance(c.pattern, Dark) and c.pattern.inhibition is not None and self.leds.inhibition is None:
                raise ValueError(f"condition '{c.name}' lights a second colour, but leds has one; give leds.inhibition")
        return self

    @model_validator(mode="after")
    def _somebody_shows_the_tokens(self) -> Experiment:
        check_sequence(self)
        return self

    @model_validator(mode="after")
    def _gate_is_no_electrode(self) -> Experiment:
        channel = self.source.loopback_channel
        if channel is not None and channel not in self.probe.bad_channels:
            raise ValueError(f"source.loopback_channel {channel} records light and no tissue: name it in probe.bad_channels, too")
        return self

    @model_validator(mode="before")
    @classmethod
    def _safety_by_light(cls, data: Any) -> Any:
        """Without a word about it, simulated light resumes by itself and stays armed; real light does neither."""
        if not isinstance(data, dict):
            return data
        safety, light = data.get("safety", {}), data.get("light", "simulated")
        kind = light.get("kind") if isinstance(light, dict) else getattr(light, "kind", light)
        if isinstance(safety, dict):
            unsaid = {"rearm_after_stall": REARM_SIMULATED} if kind == "simulated" else {"disarm_after_s": DISARM_REAL_S}
            return {**data, "safety": {**unsaid, **safety}}
        return data


def check_course(e: Experiment) -> None:
    """Refuse blocks that can't be shared by the conditions, and a gate that nothing could open.

    Raises
    ------
    ValueError
        Naming the key and what would be right.
    """
    s, n = e.schedule, len(e.conditions)
    if s.trials_per_block is not None and s.order == "mixed" and s.trials_per_block % n:
        less, more = s.trials_per_block // n * n, (s.trials_per_block // n + 1) * n
        use = f"{less} or {more}" if less else f"{more}"
        raise ValueError(f"schedule.trials_per_block: {n} conditions cannot share {s.trials_per_block} trials equally; use {use}")
    if s.blocks is not None and s.order == "blocked" and s.blocks % n:
        raise ValueError(f"schedule.blocks: {n} conditions cannot share {s.blocks} blocks equally; use {(s.blocks // n + 1) * n}")
    if s.catch_fraction and all(c.pattern.kind == "none" for c in e.conditions):
        raise ValueError("schedule.catch_fraction: all conditions are dark, and catch trials are for lit ones; leave it out")
    if s.trial == "opening" and e.gate is None:
        raise ValueError("schedule.trial: opening needs a gate, which says what opens; add gate, or use trial: pulse")
    if e.gate is not None:
        _gate_opens(e.gate, e.source)


def check_sequence(e: Experiment) -> None:
    """Refuse tokens that nobody shows, and words that cannot come from this source.

    Raises
    ------
    ValueError
        Naming the key and what would be right.
    """
    q, source = e.sequence, e.source
    if q is None:
        return
    if not isinstance(q, ToldSequence):
        if not isinstance(source, SimulatedSource):
            raise ValueError(f"sequence: only the simulated cortex is shown tokens by wavestim; with source {source.kind} use kind: told")
        tokens = source.cortex.get("tokens", {})
        twice = sorted({"sequence", "n_tokens", "period_ms"} & set(tokens if isinstance(tokens, dict) else ()))
        if twice:
            raise ValueError(f"source.cortex.tokens.{twice[0]}: sequence says which tokens come when; leave it out")
    elif isinstance(source, SimulatedSource):
        raise ValueError("sequence: nobody tells the simulated source which tokens come; use kind: iid, markov, oddball or repeats")
    elif source.kind == "lsl" and (q.ttl_lines or source.markers is None):
        raise ValueError("sequence: over LSL tokens come as markers; leave ttl_lines out and name the marker stream in source.markers")
    elif source.kind in ("rhx", "openephys") and not q.ttl_lines:
        raise ValueError(f"sequence: an {source.kind} source has TTL lines and no markers; give ttl_lines and strobe")


def _gate_opens(gate: Gate, source: Source) -> None:
    by_marker = gate.marker is not None
    if isinstance(source, SimulatedSource):
        names = [(x.marker, x.until) if by_marker else x.ttl for x in source.stimulus]
        if not any(gate.marker in (x if isinstance(x, tuple) else ()) or gate.ttl == x for x in names):
            what = f"marker: {gate.marker}" if by_marker else f"ttl: {gate.ttl}"
            raise ValueError(f"gate: nothing opens it; let the simulated source send it, with source.stimulus: [{{{what}, every_s: 4}}]")
    elif by_marker and source.kind in ("rhx", "openephys"):
        raise ValueError(f"gate.marker: an {source.kind} source has TTL lines and no markers; use gate.ttl")
    elif source.kind == "lsl" and not by_marker:
        raise ValueError("gate.ttl: a stream over LSL has no TTL lines; use gate.marker, with the marker stream in source.markers")
    elif source.kind == "lsl" and source.markers is None:
        raise ValueError("gate.marker: name the marker stream in source.markers")


def mocked(experiment: Experiment) -> Experiment:
    """The same experiment on the mock rig: simulated light or a stand-in for its board, and the simulated cortex unless it plays a file."""
    light, source = experiment.light, experiment.source
    changes: dict[str, Any] = {}
    if isinstance(light, WavelightLight):
        changes["light"] = SimulatedLight()
    elif not isinstance(light, SimulatedLight):
        changes["light"] = stood_in(light)
    if source.kind not in ("simulated", "file"):
        changes["source"] = SimulatedSource(stimulus=rehearsed(experiment.gate))
        if experiment.sequence is not None:
            changes["sequence"] = IidSequence(n_tokens=experiment.sequence.n_tokens)
    return experiment.model_copy(update=changes) if changes else experiment


def rehearsed(gate: Gate | None) -> tuple[Stimulus, ...]:
    """What the mock rig sends so that the gate opens: from the fourth second on, for 2 s every 4 s."""
    if gate is None:
        return ()
    return (Stimulus(marker=gate.marker, until=gate.until, ttl=gate.ttl, every_s=4.0),)
