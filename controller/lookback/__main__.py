"""``python -m wavestim.controller.lookback``: a server on standard input and output, for as long as somebody holds its input open."""

from __future__ import annotations

import os
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from wavestim.controller.lookback.line import PipeLine
from wavestim.controller.lookback.server import Server


def main() -> None:
    """Serve."""
    answers = Connection(os.dup(sys.stdout.fileno()), readable=False)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    questions = Connection(os.dup(sys.stdin.fileno()), writable=False)
    with tempfile.TemporaryDirectory(prefix="wavestim-lookback-", ignore_cleanup_errors=True) as scratch:
        Server(PipeLine(questions, answers), Path(scratch)).serve()


if __name__ == "__main__":
    main()
