"""Which way the wave went when light was decided on, with the wanted directions."""

from __future__ import annotations

from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.widgets.polar import Polar


class DirectionRose(Polar):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.ROSE, theme.DATA, words.ROSE_HELP)

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self.aim(facts.direction_deg, facts.tolerance_deg)

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        self.show_angles(knowledge.pulses.directions)
