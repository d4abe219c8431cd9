"""Every key and what it does: the window's shortcuts, the tooltips of its buttons and the list of keys are made from this."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """``keys`` as Qt names them, ``action`` of the window or of the page that is shown, ``does`` in words."""

    keys: str
    action: str
    does: str


KEYS = (
    Key("Esc", "stop", "STOP, from anywhere"),
    Key("Ctrl+Shift+A", "arm", "arm: start the rig process; dark until RUN"),
    Key("Ctrl+R", "run", "run what is armed"),
    Key("Ctrl+Shift+T", "take", "take control from another window, which then watches"),
    Key("Ctrl+Shift+R", "recover", "recover the session of a rig process that is gone"),
    Key("Ctrl+Shift+O", "report", "open the report"),
    Key("Ctrl+P", "preflight", "preflight: try the rig with the experiment that is chosen"),
    Key("Ctrl+N", "new", "a new experiment"),
    Key("Ctrl+O", "open", "open an experiment"),
    Key("Ctrl+S", "save", "save the experiment"),
    Key("Ctrl+Shift+S", "save-as", "save it under another name"),
    Key("Ctrl+E", "choose", "choose among the experiments: ↑ ↓"),
    Key("Space", "hold", "hold the view; the session goes on"),
    Key("Tab", "next", "the next button or panel; back with Shift"),
    Key("Ctrl+Shift+Right", "wider", "the panel with the focus wider"),
    Key("Ctrl+Shift+Left", "narrower", "narrower"),
    Key("Ctrl+Shift+Down", "higher", "higher"),
    Key("Ctrl+Shift+Up", "lower", "lower"),
    Key("Ctrl+0", "reset", "panels as they were at first"),
    Key("Ctrl++", "larger", "larger text"),
    Key("Ctrl+-", "smaller", "smaller text"),
    Key("Ctrl+T", "theme", "dark or light theme"),
    Key("F11", "full", "the whole screen, or a window"),
    Key("F12", "keys", "these keys"),
    Key("Ctrl+Q", "close", "close the window; the session goes on"),
)
BY_QT = ("stop", "next")
"""Actions of keys that are no shortcut: Esc is caught before anything else, Tab is Qt's own."""
KEYS_TITLE = "Keys"
KEYS_CLOSE = "F12 closes this list. Esc is STOP here too."


def page_key(number: int, title: str) -> tuple[str, str]:
    """Of a page."""
    return f"Ctrl+{number}", f"page {title}"


def with_key(action: str) -> str:
    """What a button does, and the key that does it too."""
    key = next(key for key in KEYS if key.action == action)
    return f"{key.does} ({key.keys})"
