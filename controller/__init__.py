"""Experiments: what is asked for, how it is run, what is kept of it, and what it showed."""

from wavestim.controller.record import Session, open_session

__all__ = ["Session", "open_session"]
