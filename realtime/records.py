"""What the engine writes down, as numpy record layouts: the words for its codes, decisions and input events."""

from __future__ import annotations

import numpy as np

KINDS = ("undetermined", "none", "planar", "rotating", "source", "sink", "standing", "synchronous")
"""Wave kinds; the index is the engine's code."""

VERDICTS = (
    *("scheduled", "no-wave", "unsure", "direction", "pgd"),
    *("irradiance", "width", "overlap", "duty", "dose", "temperature"),  # of the governor
    *("gate", "washout", "passed"),  # of the course of the experiment; passed: a replayed pulse whose moment went by
    "no-site",  # no LED is where the pattern wants light for such a wave
    "not-held",  # light by hand was asked for while the experiment decides
)
"""Outcomes of a decision, pure functions of the input: ``scheduled`` or the reason of a veto; the index is the engine's code."""

EVENTS = ("arm", "disarm", "pause", "resume", "horizon", "gap", "mask", "calibration", "marker", "gate", "note", "shut", "test")
"""Input events: whatever a clock or a person decides enters the engine as one of these, keyed by sample counter."""

MANUAL = "(manual light)"
"""The condition of light that a person asked for; no condition of an experiment can have this name."""

DECISION = np.dtype(
    [
        ("sample", "i8"),  # decided at this sample of the source
        ("fire_sample", "f8"),  # light-on meant, at the site
        ("start_sample", "f8"),  # start of the pattern (its first light) = fire_sample - lead
        ("site", "i4"),  # electrode index
        ("target_deg", "f8"),
        ("predicted_sd_deg", "f8"),
        ("direction_deg", "f8"),
        ("speed_mm_s", "f8"),
        ("wavelength_mm", "f8"),
        ("pgd", "f8"),
        ("frequency_hz", "f8"),
        ("amplitude_uv", "f8"),
        ("wave_kind", "U12"),
        ("condition", "U32"),
        ("pattern", "U48"),
        ("slot", "i2"),  # pattern slot in the light driver
        ("dark", "?"),  # sham: a dark FIRE_AT
        ("verdict", "U16"),
    ]
)

INPUT_EVENT = np.dtype([("sample", "i8"), ("kind", "U12"), ("value", "f8"), ("payload", "O")])
