"""The rig proved before tissue: every part of it is tried, and what is wrong is said with what to do about it."""

from wavestim.controller.preflight.finding import Finding, Level, worst
from wavestim.controller.preflight.runner import Preflight, run_preflight

__all__ = ["Finding", "Level", "Preflight", "run_preflight", "worst"]
