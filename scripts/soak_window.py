"""Lets a window live through eight hours of a session, as fast as it goes, and says whether it grows.

python scripts/soak_window.py [--hours 8] [--frame-s 1.0]

The session is made of its messages alone: 100 channels at 1 kHz, 50 ticks a second, a pulse or a veto every 200 ms, a note a minute. All
messages are taken in, and a frame is drawn once a second of the session. Prints one JSON object; ends with 1 when memory or the number of
Python objects grew by more than 5 % after the first sixteenth of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "build" / "ns"), str(ROOT / "tests")]

MOST = 0.05
SIDE = 10


def main() -> int:
    """Feed, draw, weigh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--frame-s", type=float, default=1.0)
    asked = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from pyqtgraph.Qt import QtWidgets
    from support.fedwindow import fed_deck, weigh
    from wavestim.gui import theme
    from wavestim.gui.window import RigWindow

    application = QtWidgets.QApplication(["soak"])
    theme.apply(application)
    with tempfile.TemporaryDirectory(prefix="wavestim-soak-") as folder:
        deck, link = fed_deck(Path(folder, "session"), SIDE)
        window = RigWindow(deck, "against-the-wave", mock=True)
        window.resize(1600, 900)
        window.show()
        weighed = list(weigh(window, link, asked.hours, asked.frame_s, asked.hours / 64))
        pulses = window.deck.knowledge.pulses.verdicts.total() if window.deck.knowledge is not None else 0
        window.close()
    first, last = weighed[4], weighed[-1]
    most = max(one.bytes for one in weighed[4:])
    growth = {"memory": most / first.bytes - 1, "objects": last.objects / first.objects - 1}
    print(
        json.dumps(
            {
                "hours": round(last.at_h, 2),
                "pulses": pulses,
                "first_megabytes": round(first.bytes / 1e6, 1),
                "last_megabytes": round(last.bytes / 1e6, 1),
                "memory_grew_percent": round(100 * growth["memory"], 2),
                "objects_grew_percent": round(100 * growth["objects"], 2),
            }
        )
    )
    return 1 if max(growth.values()) > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
