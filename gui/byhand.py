"""Light by hand as it was heard of: what was asked for last and what became of it. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wavestim.controller.live.wire import MANUAL as MANUAL
from wavestim.controller.record.records import LIT
from wavestim.gui.words import codes, hands


@dataclass
class ByHand:
    """Of one session.

    Attributes
    ----------
    came : pulses that came out.
    outcome : of the last one, in words; "" before the first.
    decision : of the last one, as it was heard.
    """

    came: int = 0
    outcome: str = ""
    decision: Mapping[str, Any] = field(default_factory=dict)
    _decision: int = -1
    _pattern: str = ""

    def decided(self, number: int, row: Mapping[str, Any]) -> bool:
        """A decision; True when it is one of these."""
        if row["condition"] != MANUAL:
            return False
        self._decision, self._pattern, self.decision = number, row["pattern"], {**row, "meant_sample": row["fire_sample"]}
        if row["verdict"] == "scheduled":
            self.outcome = hands.ON_ITS_WAY.format(self._pattern)
        else:
            self.outcome = hands.WITHHELD.format(self._pattern, codes.VETOES.get(row["verdict"], row["verdict"]))
        return True

    def asked(self, decision: int) -> bool:
        """That decision is the last one of these."""
        return decision == self._decision

    def pulsed(self, row: Mapping[str, Any]) -> bool:
        """What became of a decision; True when it was the last one of these."""
        if not self.asked(row["decision"]):
            return False
        if row["verdict"] in LIT:
            self.came += 1
            self.outcome = hands.CAME.format(self._pattern)
        else:
            self.outcome = hands.FAILED.format(self._pattern, codes.reason_words(row["reason"] or row["verdict"]))
        return True
