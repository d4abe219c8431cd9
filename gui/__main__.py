"""``python -m wavestim.gui``: what ``wavestim gui`` starts. Arguments are checked here; what is missing is told in one sentence."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from pathlib import Path

from wavestim.controller.errors import DONE, FALSE, USAGE, WavestimError
from wavestim.gui.palettes import THEMES

PACKAGES = "libgl1 libegl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-xinerama0"
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
"""One of them says where a window can be drawn; Qt ends the process without."""
USUAL = (1600, 900)
"""Of a window on a screen that has room for it and its frame; it fills a smaller one."""


def main(arguments: list[str] | None = None) -> int:
    """Show the window, or take a picture of it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="wavestim gui", usage=argparse.SUPPRESS)  # an error is one sentence
    parser.add_argument("--experiment", default="against-the-wave")
    parser.add_argument("--mock", action="store_true")
    parser.add_argument("--attach", nargs="?", const="", default=None)
    parser.add_argument("--replay")
    parser.add_argument("--screenshot", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--theme", choices=tuple(THEMES))
    parser.add_argument("--size", type=size, default=USUAL)

    asked = parser.parse_args(arguments)
    if asked.screenshot is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # a size of its own, whatever the screen
        for name in ("QT_SCALE_FACTOR", "QT_AUTO_SCREEN_SCALE_FACTOR", "QT_SCREEN_SCALE_FACTORS", "QT_FONT_DPI"):
            os.environ.pop(name, None)
    try:
        importlib.import_module("wavestim.gui.theme")  # brings Qt, and what that needs of the system
    except (ImportError, OSError) as error:
        wanted = f"pip install 'wavestim[gui]', and on Debian apt-get install {PACKAGES}"
        return fail(f"the window needs PyQt5 and pyqtgraph, and their system libraries ({error}); {wanted}")
    try:
        return run(asked)
    except (WavestimError, OSError) as error:
        return fail(str(error))


def run(asked: argparse.Namespace) -> int:
    """With everything there."""
    from pyqtgraph.Qt import QtWidgets
    from wavestim.gui import remembered, screenshot, theme
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    if asked.screenshot is None:
        if sys.platform == "linux" and not any(os.environ.get(name) for name in SCREENS):
            raise WavestimError("there is no screen: DISPLAY is not set; start the window on a desktop, or through ssh -X")
        theme.fit_screens()
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(sys.argv[:1])
    deck = Deck()
    if asked.screenshot is not None:
        theme.choose(asked.theme or theme.DEFAULT, theme.fitting_scale(asked.size[1]))
        theme.apply(application)
    if asked.screenshot is not None and asked.replay is not None:
        window = RigWindow(deck, asked.experiment, mock=asked.mock)
        window.replay_past(asked.replay)
        why = screenshot.take_replay(window, asked.screenshot.absolute(), asked.seconds, asked.size)
        window.close()
        return fail(why) if why else DONE
    if asked.screenshot is not None:
        target = asked.screenshot.absolute()
        with screenshot.scratch() as folder:
            experiment = screenshot.picture_experiment(asked.experiment, Path(folder))  # by the folder that its name is relative to
            with contextlib.chdir(folder):
                window = RigWindow(deck, str(experiment), mock=True)
                ran = screenshot.take(window, target, asked.seconds, asked.size)
                window.close()
        return DONE if ran else fail("the mock experiment never ran, the picture shows why; free the computer of other work", FALSE)
    if asked.attach is not None:
        deck.attach(Path(asked.attach) if asked.attach else None)
    path = remembered.usual_path()
    kept, screen = remembered.read(path), application.primaryScreen().availableSize()
    theme.choose(asked.theme or kept.theme, kept.text or theme.fitting_scale(screen.height()))
    theme.apply(application)
    window = RigWindow(deck, asked.experiment, mock=asked.mock, memory=path)
    if asked.replay is not None:
        window.replay_past(asked.replay)
    if kept.geometry:
        window.show()
    elif screen.width() > USUAL[0] and screen.height() > USUAL[1]:
        window.resize(*USUAL)
        window.show()
    else:
        window.showMaximized()
    return int(application.exec())


def size(text: str) -> tuple[int, int]:
    """``1366x768``.

    Raises
    ------
    argparse.ArgumentTypeError
    """
    parts = text.split("x")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        width, height = (int(part) for part in parts)
        if 800 <= width <= 7680 and 600 <= height <= 4320:
            return width, height
    raise argparse.ArgumentTypeError(f"{text!r} is no size of a picture; wanted WIDTHxHEIGHT, 800x600 to 7680x4320, as in 1366x768")


def fail(sentence: str, code: int = USAGE) -> int:
    """One sentence on stderr."""
    print(f"Error: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
