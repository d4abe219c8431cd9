"""pylsl and its library, loaded when first needed: absent, a sentence says how to get them."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

from wavestim.hardware.sources._base import SourceError

CONFIGS = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
"""Where liblsl looks for the user's settings, besides the file that LSLAPICFG names."""
OWN = "[lab]\nKnownPeers = {127.0.0.1}\n[log]\nlevel = -3\n"
"""Settings of a machine that has none: streams of the same machine are found without a network, and what breaks is told by us."""


def puller_function() -> int:
    """Address of ``lsl_pull_chunk_f``, for who pulls without Python."""
    return ctypes.cast(pylsl().lib.lib.lsl_pull_chunk_f, ctypes.c_void_p).value or 0


def handle_of(inlet: Any) -> int:
    """liblsl's own handle of an inlet, which keeps it."""
    return ctypes.cast(inlet.obj, ctypes.c_void_p).value or 0


@cache
def pylsl() -> Any:
    """The module ``pylsl``.

    Raises
    ------
    SourceError
        When it or its library is not there.
    """
    try:
        import pylsl as module
    except ImportError as error:
        raise SourceError("LSL needs pylsl, which is not installed: pip install 'wavestim[lsl]'") from error
    except (RuntimeError, OSError) as error:
        raise SourceError(
            f"LSL: pylsl can't load liblsl ({str(error).splitlines()[0]}); "
            "install it (github.com/sccn/liblsl/releases) or set PYLSL_LIB to its path"
        ) from error
    settings = getattr(module, "set_config_content", None)
    if settings is not None and "LSLAPICFG" not in os.environ and not any(Path(path).expanduser().exists() for path in CONFIGS):
        settings(OWN)
    return module
