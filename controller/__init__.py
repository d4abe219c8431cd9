"""Experiments: what is asked for, how it is run, what is kept of it, and what it showed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavestim.controller.record import Session, open_session

__all__ = ["Session", "open_session"]


def __getattr__(name: str) -> Any:
    """Loaded when first asked for: the command line answers at once."""
    if name in __all__:
        from wavestim.controller import record

        return getattr(record, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
