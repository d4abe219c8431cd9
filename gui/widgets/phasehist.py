"""The phase that the wave had at the site when light came on, as the model knew it, with the wanted one."""

from __future__ import annotations

from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.widgets.polar import Polar

TARGET_HALF_DEG = 2.0


class PhaseAtLight(Polar):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.PHASE, theme.LIGHT, words.PHASE_HELP)

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self.aim(facts.target_deg, TARGET_HALF_DEG)

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        self.show_angles(knowledge.at_light)
