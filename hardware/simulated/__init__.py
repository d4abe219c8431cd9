"""The mock rig: a cortex in silico under electrodes and LEDs, with its truth."""

from .config import CortexConfig, LightConfig, Tokens, state_names
from .opened import opened
from .opsins import Opsin, load_opsin, opsin_names
from .rig import SimulatedRig
from .truth import KINDS, Truth, TruthError, TruthWriter

__all__ = [
    "KINDS",
    "CortexConfig",
    "LightConfig",
    "Opsin",
    "SimulatedRig",
    "Tokens",
    "Truth",
    "TruthError",
    "TruthWriter",
    "load_opsin",
    "opened",
    "opsin_names",
    "state_names",
]
