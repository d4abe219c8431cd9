"""What the mock board logged of its light, at the end."""

from pathlib import Path

import numpy as np
from wavestim.controller.record.truth import read_edges


def dark_at_the_end(session: Path) -> bool:
    """The last edge of every LED is off."""
    edges = read_edges(session / "edges.csv")
    return all(edges["level"][edges["led"] == led][-1] == 0 for led in np.unique(edges["led"]))
