"""Layouts of what a session holds besides decisions (those are :data:`wavestim.realtime.records.DECISION`)."""

from __future__ import annotations

import numpy as np

PULSE = np.dtype(
    [
        ("decision", "i8"),  # row of the decision
        ("fire_sample", "f8"),  # light-on at the site as acknowledged, in samples; NaN without an acknowledgement
        ("onset_device_us", "f8"),
        ("offset_device_us", "f8"),
        ("host_ns", "i8"),  # the frame was written
        ("dark", "?"),
        ("verdict", "U16"),  # fired dark cut missed refused lost
        ("reason", "U24"),
        ("block_age_us", "f8"),  # the latency budget; NaN under a simulated clock
        ("queue_us", "f8"),
        ("compute_us", "f8"),
        ("serial_us", "f8"),
        ("margin_us", "f8"),
    ]
)
DEVICE_EVENT = np.dtype(
    [
        ("kind", "U12"),
        ("decision", "i8"),
        ("host_ns", "i8"),
        ("device_on_ns", "i8"),
        ("device_off_ns", "i8"),
        ("reason", "U24"),
        ("detail", "i8"),
        ("dark", "?"),
        ("cut", "?"),
    ]
)
MARKER = np.dtype([("sample", "f8"), ("name", "U64"), ("value", "U256")])
WAVE = np.dtype(
    [
        ("sample", "f8"),
        ("decision", "i8"),  # -1: a tenth of a second; else this is the moment at which the light of that decision, or its sham, came on
        ("condition", "U32"),  # of that decision
        ("site", "i4"),
        ("phase_deg", "f8"),  # at the site and at this sample, as the model knew it then
        ("sd_deg", "f8"),
        ("direction_deg", "f8"),
        ("speed_mm_s", "f8"),
        ("wavelength_mm", "f8"),
        ("frequency_hz", "f8"),
        ("pgd", "f8"),
        ("amplitude_uv", "f8"),
        ("wave_kind", "U12"),
    ]
)
"""What the model knew of the wave, of sessions at real pace."""
PULSE_TRUTH = np.dtype(
    [
        ("decision", "i8"),
        ("true_sample", "f8"),  # when light came on at the site, in samples, as known afterwards
        ("onset_error_us", "f8"),  # true_sample - what was meant
        ("true_phase_deg", "f8"),  # of the wave at the site then
        ("phase_error_deg", "f8"),
        ("direction_error_deg", "f8"),
        ("truth", "U16"),  # simulation, zero-phase (sham and replay), ends-at-light, contaminated, "" when not known
    ]
)
"""What is known of a pulse only afterwards."""

LIT = ("fired", "cut")
CAME = (*LIT, "dark")
"""Verdicts of pulses that gave light, and of all that came out, shams included."""
