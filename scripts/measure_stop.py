"""Measures how fast it gets dark when the rig process is in trouble, on the mock rig at real pace, where the light is: in the board's log.

python scripts/measure_stop.py [--times 10]

Light comes with every cycle of the wave. Then either the rig's Python hangs in a C call that keeps the GIL, and STOP is pressed; or the
rig process is killed, and nobody presses anything. Prints one JSON object for each: the last edge of light after that moment by the board's
clock, and how long until the window said that the rig process is gone; median, least and most.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "build" / "ns"), str(ROOT / "tests")]

from support.stopping import Ended, killed, stop_while_hung
from wavestim.gui.deck import Deck

WAYS = {"STOP while Python hangs": stop_while_hung, "rig process killed": killed}


def once(way: str) -> Ended | None:
    """One session; None when the machine was too busy for light."""
    deck = Deck()
    with tempfile.TemporaryDirectory(prefix="wss", ignore_cleanup_errors=True) as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        try:
            return WAYS[way](deck, Path(folder), patch)
        except pytest.skip.Exception:
            return None
        finally:
            deck.abandon()
            deck.close()


def main() -> int:
    """All of them; ends with 1 when one was not dark at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    asked = parser.parse_args()
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    bad = False
    for way in WAYS:
        tried = [once(way) for _ in range(asked.times)]
        ended = [one for one in tried if one is not None]
        figures = {name: spread([getattr(one, name) for one in ended]) for name in ("last_edge_ms", "known_ms") if ended}
        bad |= not all(one.dark for one in ended)
        print(json.dumps({"way": way, "times": len(ended), "too_busy": len(tried) - len(ended), **figures}), flush=True)
    return int(bad)


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": round(statistics.median(values), 1), "least": round(min(values), 1), "most": round(max(values), 1)}


if __name__ == "__main__":
    sys.exit(main())
