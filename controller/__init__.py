"""Experiments: what is asked for, how it is run, what is kept of it, and what it showed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavestim.controller.record import Session, open_session
    from wavestim.controller.session.calibrations import load_calibration

__all__ = ["Session", "load_calibration", "open_session"]


def __getattr__(name: str) -> Any:
    """Loaded when first asked for: the command line answers at once."""
    if name == "load_calibration":
        from wavestim.controller.session.calibrations import load_calibration

        return load_calibration
    if name in __all__:
        from wavestim.controller import record

        return getattr(record, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
