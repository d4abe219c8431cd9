"""What every open driver has in common: it is closed at the end of its block, and names its slots alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class Opened(ABC):
    """A driver that holds a line.

    Attributes
    ----------
    where : str
        Name of the port, for messages.
    """

    where: str

    @abstractmethod
    def close(self) -> None:
        """Dark, and the line is free."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _slot(self, slot: int) -> str:
        return f"pattern for slot {slot} of the light at {self.where}"
