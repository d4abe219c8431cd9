"""English of the page for light by hand, dose and warming, and the mock rig."""

from __future__ import annotations

HANDS = "LIGHT && MOCK"
MANUAL, GAUGES, MOCK = "Manual light", "Dose and warming", "Mock rig"
MANUAL_HELP = "□ LED, filled while it shines · click one, or choose below: one click is one pulse"
TAKE_OVER, GIVE_BACK = "TAKE OVER  (Ctrl+L)", "GIVE BACK  (Ctrl+L)"
OVERRIDDEN = "OVERRIDDEN: manual light"
HOLD, RESUME = "HOLD  (Ctrl+H)", "RESUME  (Ctrl+H)"
FIRE = "FIRE ONCE  (Return)"
KEYS = {"Ctrl+L": "take light over, or give it back; then Return fires", "Ctrl+H": "hold the experiment, or let it go on"}
WHAT, WIDTH = "what", "width"
TAKE_OVER_HELP = (
    "Light by hand is only for a session that is armed or held. While it is on, everything here is framed in red; RUN and RESUME end it."
)
HOLD_HELP = "No new light from the experiment; the recording goes on. RESUME lets it decide again."
FIRE_HELP = "One pulse, within the limits of the experiment, the dose and the board. Refused with the reason otherwise."
WHAT_HELP = "A single LED, or the pattern of a condition as the wave goes now."
WIDTH_HELP = "Of the pulse of a single LED; as wide as experiment and board allow. It is as bright as the brightest condition."
NO_SESSION = "no session"
NOT_ALLOWED = {
    "running": "the experiment decides: HOLD it first",
    "armed": "",
    "held": "",
}
NOT_NOW = "only while armed or held"
READY = "ready: TAKE OVER"
ON_ITS_WAY = "{} on its way"
CAME = "{} came"
WITHHELD = "{} withheld: {}"
FAILED = "{} failed: {}"
NOT_MEASURED = "not measured"
DOSE, WARMTH = "Dose, worst LED", "Warming, warmest LED"
DOSE_HELP = "Light within the last hour, of safety.max_dose_mj_mm2_per_h. Shams count like light, as they do for the governor."
WARMTH_HELP = "Predicted by the thermal model from what was scheduled, of safety.max_temperature_rise_c. Nothing is measured in the tissue."
NO_LIMIT = "no limit set"
NEAR, FULL = "near the limit", "at the limit: light is withheld"

MOCK_HELP = "Change it, break it, see what the session does; the journal has it all."
STATE, DIRECTION, SPEED, NOISE = "state", "direction", "speed", "signal to noise"
STATE_HELP = "A preset of brain state. One with another kind of wave needs a new session."
SLIDERS_HELP = {
    DIRECTION: "Where the wave travels to. The arrow on the map follows within a second.",
    SPEED: "The faster the wave, the longer it is, and the harder its direction is to tell.",
    NOISE: "Towards −20 dB the wave drowns: its phase gets unsure, and light is withheld.",
}
PLUG, LEDS_IN = "Plug the board in", "LED cable in"
ACTIONS: tuple[tuple[str, str, dict[str, object], str], ...] = (
    (
        "artefact",
        "Artefact 300 ms",
        {"do": "artefact", "ms": 300},
        "All electrodes swing by 1.5 mV. PGD and SD show it; light is withheld or comes unsure.",
    ),
    ("drop", "Drop 50 ms", {"do": "drop", "ms": 50}, "Samples are lost. SOURCE counts them; the model coasts over the gap and goes on."),
    ("hiccup", "Hold back 60 ms", {"do": "burst", "ms": 60}, "Samples come late and at once. Light that was due is missed, never late."),
    (
        "stall",
        "Hold back 400 ms",
        {"do": "burst", "ms": 400},
        "Dark after 100 ms, the session pauses. It resumes as often as it is allowed to.",
    ),
    (
        "unplug",
        "Unplug the board",
        {"do": "unplug"},
        "Light goes dark within 100 ms; the session pauses. Plug in: patterns and clock are renewed.",
    ),
    ("leds", "LED cable out", {"do": "leds-out"}, "The board notices nothing and says that it fired; no light reaches the tissue."),
    ("end", "Kill the source", {"do": "end"}, "No samples any more: dark, and the session ends and writes its report."),
)
CHANNEL = "electrode"
SHOWS = {"signal": "shows its signal", "nothing": "is flat", "nan": "gives NaN", "rail": "is at its rail"}
CHANNEL_HELP = "A bad electrode is left out: the map goes on without it, and the others tell where the wave is."
APPLY = "Apply"
RECORDING = "A recording is played: its wave is what it was."


def led(number: int) -> str:
    """An LED by its number."""
    return f"LED {number}"


def pattern_of(condition: str) -> str:
    """The pattern of a condition."""
    return f"pattern of {condition}"


def width(ms: float) -> str:
    """Of a pulse."""
    return f"{ms:g} ms"


def used(value: float, limit: float | None, unit: str, at_led: int | None, near: str) -> str:
    """So much of a limit."""
    of = NO_LIMIT if limit is None else f"of {limit:.3g} {unit}"
    where = "" if at_led is None else f" · {led(at_led)}"
    return f"{amount(value)} {unit if limit is None else ''} {of}{where}{' · ' + near if near else ''}".replace("  ", " ")


def amount(value: float) -> str:
    """A number of which the first digits matter."""
    return "0" if value == 0 else f"{value:.3g}" if value >= 0.001 else "< 0.001"


def degrees(value: float) -> str:
    """A direction."""
    return f"{value:+.0f}°"


def speed(mm_s: float) -> str:
    """A speed."""
    return f"{mm_s:.0f} mm/s"


def decibel(value: float) -> str:
    """A ratio."""
    return f"{value:+.0f} dB"
