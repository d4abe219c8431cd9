"""English of the page of the experiment."""

from __future__ import annotations

from typing import Any

from wavestim.gui.editor.fields import Field

TITLE = "EXPERIMENT"
NEW, OPEN, SAVE, SAVE_AS, UNDO, REDO = "New", "Open …", "Save", "Save as …", "Undo", "Redo"
NEW_HELP = "A new experiment: a small one, or a copy of a packaged example (Ctrl+N)"
OPEN_HELP = "Open an experiment file (Ctrl+O)"
SAVE_HELP = "Write the file (Ctrl+S); ARM takes what is in the file"
SAVE_AS_HELP = "Write it under another name (Ctrl+Shift+S)"
UNDO_HELP = "Take the last change back, in the form or in the YAML (Ctrl+Z in the YAML)"
REDO_HELP = "Make it again (Ctrl+Y in the YAML)"
EMPTY = "empty"
FORM, YAML = "Form", "YAML"
YAML_HELP = "A change in the form changes that value alone: comments and layout stay, but for the line of a key that goes."
FORM_HELP = "Bold: set in the file · pale: default · ↺ back to the default"
NO_HELP = "Go to a field to read what it means."
NOT_SET = "not set"
REQUIRED = "required"
RESET = "Back to the default: the key leaves the file"
ADD, DUPLICATE, REMOVE, UP, DOWN, SET, TAKE_OUT = "Add", "Duplicate", "Remove", "▲", "▼", "Set", "Take out"
UP_HELP, DOWN_HELP = "One place up", "One place down"
DEFAULT = "default"
FOLDED, UNFOLDED = "▸", "▾"
ALL_RIGHT = "✓ nothing is wrong"
LOOKING = "looking …"
LOCKED = "LOCKED: a session or a preflight has this experiment. It can be changed when it is over."
UNREADABLE = "The form waits: the YAML cannot be read. Put it right, or take the change back."
UNSAVED = "unsaved"
UNTITLED = "no file yet"
CANNOT_CHANGE = "The form cannot change this here: it is written with anchors, merge keys or tags. Change it in the YAML."
DISCARD, KEEP, OVER, RELOAD, SAVE_FIRST, CLOSE_ANYWAY = (
    "Discard",
    "Keep editing",
    "Save over it",
    "Take what is on the disk",
    "Save",
    "Close without saving",
)
LOSES = "{name} has unsaved changes."
LOSES_CLOSING = "{name} has unsaved changes, and the window is to be closed."
ARM_UNSAVED = "{name} has unsaved changes, and ARM takes what is in the file. Save or discard them, then ARM again."
PREFLIGHT_UNSAVED = "{name} has unsaved changes, and the preflight takes what is in the file. Save or discard them, then try again."
CHANGED = "{name}: somebody else has changed the file since it was opened here."
EXISTS = "{path} is there already."
FILE = "Experiments (*.yaml *.yml);;All files (*)"


def count(n: int) -> str:
    """Of what is wrong."""
    return ALL_RIGHT if n == 0 else f"▲ {n} thing is wrong" if n == 1 else f"▲ {n} things are wrong"


def problem(sentence: str, line: int | None) -> str:
    """One of them."""
    return sentence if line is None else f"line {line}: {sentence}"


def internal(error: Exception) -> str:
    """A fault of ours."""
    return f"internal error: {type(error).__name__}: {error}; please report it"


def help_of(told: Field, kind: str = "") -> str:
    """What a key means, as the documentation has it."""
    about = " ".join(part for part in (told.help, told.kinds_help.get(kind, "")) if part)
    may = f" ({told.may})" if told.may and told.form not in ("part", "kinds", "list") else ""
    default = f" Default: {told.default_words}." if told.default is not None and told.form not in ("part", "kinds", "list") else ""
    return f"{told.key}: {about}{may}{default}"


def placeholder(told: Field, resolved: Any) -> str:
    """What an empty field says: what holds then."""
    from wavestim.gui.editor.fields import inline

    if told.required:
        return REQUIRED
    value = told.default if resolved is None else resolved
    return NOT_SET if value is None or value == {} else inline(value)


def changed_keys(n: int) -> str:
    """Of a section."""
    return DEFAULT if n == 0 else f"{n} set"


def entries(n: int) -> str:
    """Of a list."""
    return f"{n} entry" if n == 1 else f"{n} entries"


def title(name: str, path: str, unsaved: bool) -> str:
    """Of the experiment that is written."""
    where = path or UNTITLED
    return f"{name} · {where}" + (f" · ● {UNSAVED}" if unsaved else "")


def copied(name: str) -> str:
    """In the menu of new experiments."""
    return f"copy of {name}"


CONDITION, WAVE_TO, WAVE_AT = "Condition", "wave to", "at"
PATTERN = "Pattern on the probe"
PATTERN_HELP = "mm · □ LED · ■ lit · dim ■ was lit · blue ring: trigger site · yellow arrow: light · blue arrow: wave"
PLAY, PAUSE = "▶ Play", "❚❚ Pause"
PLAY_HELP = "Play it in slow motion, or hold it"
MOMENT_HELP = "A moment of the pattern"
WAVE_HELP = "A wave of this direction (counter-clockwise from +x) and speed: the pattern is the one that the loop would choose under it"
NO_PATTERN = "no pattern yet"
FORECAST = "Light and warmth"
WORKING = "working it out …"
NOT_ALLOWED = "REFUSED"
WARMING = "warming, mK"
SECONDS = "s"
LIMIT = "limit"
DARK = "dark"


def moment(at_us: float, duration_us: float, slow: float, lit: int) -> str:
    """Where the animation is."""
    return f"{at_us / 1000:.1f} of {duration_us / 1000:.1f} ms · {slow:g}× slower · {lit} lit"


def pattern(name: str, leds: int, dark: bool) -> str:
    """What is shown."""
    return f"{name}, {leds} LEDs" + (f" · {DARK}: timed like this" if dark else "")


HEADS = ("lasts<br>ms", "face<br>mW/mm²", "cells<br>mW/mm²", "sites<br>", "duty<br>%", "dose<br>mJ/mm²/h", "warms<br>mK")
HEADS_HELP = (
    "face: at the LED · cells: highest at an electrode, at the depth of the cells · sites: electrodes at which the opsin answers · "
    "duty, dose, warms: of the worst site, as fast as it can go, for ever. What wavestim lights plan says."
)


def walls(limits: dict[str, Any], longest_ms: float, duty: float, most_lit: int) -> str:
    """What would be refused, and by whom."""
    dose = limits["max_dose_mj_mm2_per_h"]
    file = (
        f"{limits['max_irradiance_mw_mm2']:g} mW/mm², {limits['max_pulse_ms']:g} ms, duty {100 * limits['max_duty']:g} %, "
        f"{'any dose' if dose is None else f'{dose:g} mJ/mm²/h'}, {1000 * limits['max_temperature_rise_c']:g} mK"
    )
    board = f"{longest_ms:g} ms, duty {100 * duty:.3g} %" + (f", {most_lit} LEDs at once" if most_lit else "")
    return (
        f"<b>File</b> refuses above {file} (safety). <b>Governor</b> withholds what would come to more, pulse by pulse. "
        f"<b>Board</b> refuses above {board}, and keeps to it by itself."
    )


def period(ms: float) -> str:
    """How fast it can go."""
    return f"as fast as it can go: every {ms:.4g} ms"
