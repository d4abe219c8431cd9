"""``python -m wavestim.gui``: what ``wavestim gui`` starts. Arguments are checked here; what is missing is told in one sentence."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from wavestim.controller.errors import DONE, FALSE, USAGE, WavestimError

PACKAGES = "libgl1 libegl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-xinerama0"


def main(arguments: list[str] | None = None) -> int:
    """Show the window, or take a picture of it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="wavestim gui")
    parser.add_argument("--experiment", default="against-the-wave")
    parser.add_argument("--mock", action="store_true")
    parser.add_argument("--attach", nargs="?", const="", default=None)
    parser.add_argument("--replay")
    parser.add_argument("--screenshot", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args(arguments)
    if asked.screenshot is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # a size of its own, whatever the screen
        for name in ("QT_SCALE_FACTOR", "QT_AUTO_SCREEN_SCALE_FACTOR", "QT_SCREEN_SCALE_FACTORS", "QT_FONT_DPI"):
            os.environ.pop(name, None)
    try:
        import pyqtgraph  # noqa: F401
        from wavestim.gui import theme  # noqa: F401
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
    from wavestim.gui import screenshot, theme
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(sys.argv[:1])
    theme.apply(application)
    deck = Deck()
    if asked.screenshot is not None and asked.replay is not None:
        window = RigWindow(deck, asked.experiment, mock=asked.mock)
        window.replay_past(asked.replay)
        why = screenshot.take_replay(window, asked.screenshot.absolute(), asked.seconds)
        window.close()
        return fail(why) if why else DONE
    if asked.screenshot is not None:
        target = asked.screenshot.absolute()
        with screenshot.scratch() as folder, contextlib.chdir(folder):
            window = RigWindow(deck, str(screenshot.picture_experiment(asked.experiment, Path(folder))), mock=True)
            ran = screenshot.take(window, target, asked.seconds)
            window.close()
        return DONE if ran else fail("the mock experiment never ran, the picture shows why; free the computer of other work", FALSE)
    if asked.attach is not None:
        deck.attach(Path(asked.attach) if asked.attach else None)
    window = RigWindow(deck, asked.experiment, mock=asked.mock)
    if asked.replay is not None:
        window.replay_past(asked.replay)
    window.resize(1600, 900)
    window.show()
    return int(application.exec())


def fail(sentence: str, code: int = USAGE) -> int:
    """One sentence on stderr."""
    print(f"Error: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
