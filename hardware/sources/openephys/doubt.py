"""What one damaged message says is not believed: a change counts when a message of another block says the same."""

from __future__ import annotations

from collections.abc import Hashable


class Doubt:
    """Remembers what was told against all that is known, for a block and the one after it."""

    def __init__(self) -> None:
        self._now: dict[Hashable, int] = {}
        self._before: dict[Hashable, int] = {}

    def confirmed(self, what: Hashable, first_sample: int) -> bool:
        """Whether a message of another block, this one's neighbour, said the same.

        Parameters
        ----------
        what : hashable
            The change.
        first_sample : int
            The block that says so.
        """
        return self._now.setdefault(what, first_sample) != first_sample or what in self._before

    def next_block(self) -> None:
        """A block as it should be came to its end."""
        self._before, self._now = self._now, {}
