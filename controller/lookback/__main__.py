"""``python -m wavestim.controller.lookback FOLDER``: a server on standard input and output, for as long as somebody holds its input open.

The folder is for what has to be copied; at the end it is gone, whether or not who started this is still there to clear it away.
"""

from __future__ import annotations

import os
import shutil
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from wavestim.controller.lookback.line import PipeLine
from wavestim.controller.lookback.server import Server


def main() -> None:
    """Serve."""
    answers = Connection(os.dup(sys.stdout.fileno()), readable=False)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    questions = Connection(os.dup(sys.stdin.fileno()), writable=False)
    scratch = Path(sys.argv[1])
    try:
        Server(PipeLine(questions, answers), scratch).serve()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
