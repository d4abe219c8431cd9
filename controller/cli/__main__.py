"""``python -m wavestim.controller.cli`` is ``wavestim``."""

from wavestim.controller.cli import main

main()
