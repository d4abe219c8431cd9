"""The error for bytes that are not what their protocol says; who receives them counts it and goes on."""

from __future__ import annotations

from .._base import SourceError


class GarbledError(SourceError):
    """A message that is not what its protocol says."""
